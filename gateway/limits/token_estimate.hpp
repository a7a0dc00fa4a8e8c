// What a request will cost before it is known: prompt tokens from bytes, answer tokens from what
// answers to this model were like. One for each model; used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace slipway::gateway {

struct Usage {
  std::uint32_t prompt = 0;  // tokens
  std::uint32_t answer = 0;  // tokens
  std::uint32_t total() const { return prompt + answer; }
};

class TokenEstimate {
 public:
  // `max_tokens`: the most that the request allows for its answer; nullopt: it does not say.
  Usage before(std::size_t prompt_bytes, std::optional<std::uint32_t> max_tokens) const;
  // Learns from what the engine reported at the end.
  void learn(std::size_t prompt_bytes, const Usage& used);

  double bytes_per_token() const { return bytes_per_token_; }
  // Three of four answers are no longer.
  double answer_p75() const { return answer_p75_; }

 private:
  double bytes_per_token_ = 3.6;  // English text and common tokenizers; learnt for each model
  double answer_p75_ = 256;       // tokens, until answers were seen
};

// What an answer cost that was cut off: the engine did the whole prompt, and each chunk that came
// was a token at least. `reserved` was the estimate.
Usage used_when_aborted(const Usage& reserved, std::uint32_t chunks);

}  // namespace slipway::gateway

// Reads the JSON of an engine's answer, whole or one event of a stream, for what it says about
// itself: the tokens it used, whether it has finished, whether it failed. Knows the forms of
// /v1/chat/completions, /v1/completions and /v1/embeddings (`usage`), /v1/responses
// (`response.usage` or `usage`) and /v1/messages (`message.usage`, `usage`). The bytes come in
// pieces of any size; what is kept has a fixed size. Pure.
//
// Engines are trusted to write JSON: what is none is not refused, it just says nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace slipway::body {

// As the engine counts. /v1/messages leaves cached tokens out of the prompt's.
struct Usage {
  std::optional<std::uint64_t> prompt_tokens;      // also `input_tokens`
  std::optional<std::uint64_t> completion_tokens;  // also `output_tokens`
  std::optional<std::uint64_t> total_tokens;
  std::optional<std::uint64_t> cached_tokens;  // of the prompt: found in the engine's cache

  // What `later` says replaces what was said before; engines count on, and repeat.
  void update(const Usage& later);

  friend bool operator==(const Usage&, const Usage&) = default;
};

struct AnswerFacts {
  Usage usage{};
  bool has_usage = false;   // an object, not null
  bool no_choices = false;  // `choices` is there and empty
  bool finished = false;    // a reason to finish or stop is given, or the type says so
  bool failed = false;      // an error is there that is not null, or the type says so

  friend bool operator==(const AnswerFacts&, const AnswerFacts&) = default;
};

class AnswerReader {
 public:
  // Ready for another answer.
  void reset() { *this = AnswerReader(); }
  void feed(std::string_view bytes);
  const AnswerFacts& facts() const { return facts_; }

 private:
  // What a place in the answer means. Containers come first, then what is no container.
  enum class Place : std::uint8_t {
    None,
    Outside,  // of everything
    Root,
    Response,
    Message,
    Choices,
    Choice,
    Delta,
    Usage,
    Details,
    Prompt,
    Completion,
    Total,
    Cached,
    Reason,
    Failure,
    Type
  };
  enum class State : std::uint8_t { Between, Key, KeyEscape, Text, TextEscape, Scalar };

  static constexpr std::size_t kMostDepth = 6;  // of a place that means something
  static constexpr std::size_t kLongestWord = 32;

  static Place inside(Place place, std::string_view key);

  bool watching() const { return depth_ <= kMostDepth && places_[depth_] != Place::None; }
  std::size_t take_text(std::string_view bytes, std::size_t at);
  void take(char c);
  void open(char bracket);
  void close();
  void begin_scalar(char c);
  void end_scalar();
  void end_text();
  void keep(std::string_view part);
  void take_number(std::optional<std::uint64_t>& to) const;
  std::string_view word() const { return {word_.data(), word_size_}; }

  AnswerFacts facts_;
  State state_ = State::Between;
  std::uint32_t depth_ = 0;  // open brackets; saturates far beyond what anybody nests
  std::array<Place, kMostDepth + 1> places_{Place::Outside};  // of the container at each depth
  Place next_ = Place::Root;                                  // of the value that comes
  bool expects_key_ = false;
  bool word_too_long_ = false;
  bool escaped_word_ = false;
  std::uint8_t word_size_ = 0;
  std::array<char, kLongestWord> word_{};  // a name, a short text or a scalar
};

}  // namespace slipway::body

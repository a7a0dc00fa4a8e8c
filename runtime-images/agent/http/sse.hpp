// What the proxy knows of the bodies that pass through it: where server-sent events end, and the
// token counts in them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::agent::http {

// Cuts a stream at the ends of its events, so that an event of ours can follow at any time. Holding
// back the beginning of an event costs its reader nothing: it could not use it.
class EventCutter {
 public:
  // Returns the whole events of what has come so far, in order; the rest waits.
  std::string feed(std::string_view bytes);
  // What still waits when the stream ends.
  std::string take_rest();

 private:
  std::string waiting_;
};

struct TokenCounts {
  std::optional<std::int64_t> input, output;
};

// Finds `usage` in a body that passes by: the last numbers named as OpenAI or Anthropic name them.
// Quotes inside of answers are escaped in JSON, so text cannot be taken for a count.
class UsageScanner {
 public:
  void feed(std::string_view bytes);
  const TokenCounts& counts() const { return counts_; }

 private:
  void scan(std::string_view text);

  std::string tail_;  // the end of what came before: a name may be split
  TokenCounts counts_;
};

}  // namespace slipway::agent::http

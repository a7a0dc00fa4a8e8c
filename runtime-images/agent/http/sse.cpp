#include "runtime-images/agent/http/sse.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace slipway::agent::http {
namespace {

constexpr std::size_t kMaxWaiting = 1 << 20;  // an event longer than this is passed on in parts
constexpr std::size_t kTail = 64;             // the longest name with its number

// The end of the last whole event, or npos. An event ends with an empty line.
std::size_t last_end(std::string_view text) {
  const auto lf = text.rfind("\n\n");
  const auto crlf = text.rfind("\r\n\r\n");
  const std::size_t after_lf = lf == std::string_view::npos ? 0 : lf + 2;
  const std::size_t after_crlf = crlf == std::string_view::npos ? 0 : crlf + 4;
  return std::max(after_lf, after_crlf);
}

// The number after the last `name` in `text`.
std::optional<std::int64_t> last_number(std::string_view text, std::string_view name) {
  auto at = text.rfind(name);
  if (at == std::string_view::npos) return std::nullopt;
  at = text.find_first_not_of(" \t", at + name.size());
  if (at == std::string_view::npos || text[at] != ':') return std::nullopt;
  at = text.find_first_not_of(" \t", at + 1);
  if (at == std::string_view::npos) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value);
  // A number at the very end may go on in the next piece.
  if (error != std::errc() || end == text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string EventCutter::feed(std::string_view bytes) {
  waiting_.append(bytes);
  std::size_t end = last_end(waiting_);
  if (end == 0 && waiting_.size() > kMaxWaiting) end = waiting_.size();
  std::string whole = waiting_.substr(0, end);
  waiting_.erase(0, end);
  return whole;
}

std::string EventCutter::take_rest() {
  std::string rest;
  rest.swap(waiting_);
  return rest;
}

void UsageScanner::feed(std::string_view bytes) {
  if (!tail_.empty()) {
    tail_.append(bytes.substr(0, kTail));
    scan(tail_);
  }
  scan(bytes);
  tail_.append(bytes.substr(tail_.empty() ? 0 : std::min(bytes.size(), kTail)));
  if (tail_.size() > kTail) tail_.erase(0, tail_.size() - kTail);
}

void UsageScanner::scan(std::string_view text) {
  if (text.find("_tokens\"") == std::string_view::npos) return;
  for (const std::string_view name : {"\"prompt_tokens\"", "\"input_tokens\""})
    if (const auto value = last_number(text, name)) counts_.input = value;
  for (const std::string_view name : {"\"completion_tokens\"", "\"output_tokens\""})
    if (const auto value = last_number(text, name)) counts_.output = value;
}

}  // namespace slipway::agent::http

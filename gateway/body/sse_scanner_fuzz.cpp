// Any bytes as the event stream of an engine: where it is cut changes nothing, the events are the
// stream without gaps, and a usage-only event is what a JSON parser takes for one.
#include <string>
#include <utility>
#include <vector>

#include "crds/base/check.hpp"
#include "crds/base/json.hpp"
#include "gateway/body/sse_scanner.hpp"

namespace slipway::body {
namespace {

struct Seen {
  std::vector<std::pair<SseKind, Range>> events;
  SseFacts facts;

  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen scan(std::string_view stream, std::size_t largest) {
  SseScanner scanner;
  Seen seen;
  std::size_t count = 0;
  while (!stream.empty()) {
    const std::string piece(stream.substr(0, 1 + count++ % largest));
    const SseStep step = scanner.next(piece);
    SLIPWAY_CHECK(step.consumed > 0 && step.consumed <= piece.size(), "it goes on");
    SLIPWAY_CHECK(step.event_ended || step.consumed == piece.size(), "nothing else stops it");
    if (step.event_ended) seen.events.emplace_back(step.kind, step.event);
    stream.remove_prefix(step.consumed);
  }
  seen.facts = scanner.facts();
  return seen;
}

// Of an event that is one line of data, what a parser says; of others nothing.
void expect_as_parsed(std::string_view event, SseKind kind) {
  constexpr std::string_view kBefore = "data: ";
  const std::size_t end = event.find('\n');
  if (!event.starts_with(kBefore) || event.size() != end + 2) return;
  const std::string_view text = event.substr(kBefore.size(), end - kBefore.size());
  // Names that are written with escapes or come twice are read in different ways, as is a NUL.
  const auto twice = [&](std::string_view name) { return text.find(name) != text.rfind(name); };
  if (text.find_first_of(std::string_view("\\\0", 2)) != std::string_view::npos) return;
  if (twice("choices") || twice("usage")) return;
  const Json answer = Json::parse(text, nullptr, false);
  if (!answer.is_object()) return;
  const auto is = [&](const char* key, auto&& test) {
    return answer.contains(key) && test(answer[key]);
  };
  const bool usage_only =
      is("usage", [](const Json& value) { return value.is_object(); }) &&
      is("choices", [](const Json& value) { return value.is_array() && value.empty(); });
  SLIPWAY_CHECK((kind == SseKind::UsageOnly) == usage_only, "parsers agree");
}

}  // namespace
}  // namespace slipway::body

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::body;
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  const Seen pieces = scan(stream, 97);
  SLIPWAY_CHECK(scan(stream, 1) == pieces && scan(stream, size + 1) == pieces,
                "where it is cut is nothing");
  std::uint64_t at = 0;
  for (const auto& [kind, range] : pieces.events) {
    SLIPWAY_CHECK(range.offset == at && range.length > 0, "events lie one behind the other");
    at += range.length;
    expect_as_parsed(stream.substr(range.offset, range.length), kind);
  }
  return 0;
}

#include "gateway/body/sse_scanner.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace slipway::body {
namespace {

struct Seen {
  std::vector<std::pair<SseKind, Range>> events;
  SseFacts facts;

  friend bool operator==(const Seen&, const Seen&) = default;
};

// Gives the stream as one piece before `cut` and one behind it.
Seen scan(std::string_view stream, std::size_t cut) {
  SseScanner scanner;
  Seen seen;
  for (std::string_view piece : {stream.substr(0, cut), stream.substr(cut)}) {
    while (!piece.empty()) {
      const SseStep step = scanner.next(piece);
      if (step.event_ended) seen.events.emplace_back(step.kind, step.event);
      piece.remove_prefix(step.consumed);
    }
  }
  seen.facts = scanner.facts();
  return seen;
}

const std::string kChat =
    ": waiting\n\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"a \\\"data: [DONE]\\\"\"}}],\"usage\":null}\n\n"
    "data:{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,"
    "\"total_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":1}}}\n\n"
    "data: [DONE]\n\n";

std::string with_crlf(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out;
}

std::vector<SseKind> kinds_of(const Seen& seen) {
  std::vector<SseKind> kinds;
  for (const auto& [kind, range] : seen.events) kinds.push_back(kind);
  return kinds;
}

TEST(SseScanner, FollowsAChat) {
  for (const std::string& stream : {kChat, with_crlf(kChat)}) {
    const Seen seen = scan(stream, 0);
    EXPECT_EQ(kinds_of(seen), (std::vector{SseKind::NoData, SseKind::Data, SseKind::Data,
                                           SseKind::UsageOnly, SseKind::Done}));
    EXPECT_EQ(seen.facts.events, 3U);
    EXPECT_EQ(seen.facts.usage, (Usage{3, 2, 5, 1}));
    EXPECT_TRUE(seen.facts.has_usage && seen.facts.finished && seen.facts.done);
    EXPECT_FALSE(seen.facts.failed);
  }
}

TEST(SseScanner, IsTheSameHoweverItIsCut) {
  for (const std::string& stream : {kChat, with_crlf(kChat)}) {
    const Seen whole = scan(stream, 0);
    for (std::size_t cut = 1; cut < stream.size(); ++cut)
      EXPECT_EQ(scan(stream, cut), whole) << cut;
  }
}

TEST(SseScanner, EventsAreTheWholeStream) {
  std::uint64_t at = 0;
  for (const auto& [kind, range] : scan(kChat, 0).events) {
    EXPECT_EQ(range.offset, at);
    at += range.length;
  }
  EXPECT_EQ(at, kChat.size());
}

TEST(SseScanner, TellsWhichBytesToCut) {
  std::string stream = with_crlf(kChat);
  for (const auto& [kind, range] : scan(stream, 0).events)
    if (kind == SseKind::UsageOnly) stream.erase(range.offset, range.length);
  EXPECT_EQ(stream.find("total_tokens"), std::string::npos);
  EXPECT_TRUE(stream.ends_with("}]}\r\n\r\ndata: [DONE]\r\n\r\n")) << stream;
}

TEST(SseScanner, FollowsMessages) {
  const Seen seen = scan(
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":"
      "{\"input_tokens\":9,\"output_tokens\":1}}}\n\n"
      "event: ping\ndata: {\"type\": \"ping\"}\n\n"
      "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
      "\"end_turn\"},\"usage\":{\"output_tokens\":15}}\n\n"
      "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
      0);
  EXPECT_EQ(seen.facts.events, 4U);
  EXPECT_EQ(seen.facts.usage, (Usage{9, 15, {}, {}}));
  EXPECT_TRUE(seen.facts.finished);
}

TEST(SseScanner, SeesAnError) {
  EXPECT_TRUE(scan("data: {\"error\":{\"message\":\"x\"}}\n\n", 0).facts.failed);
}

TEST(SseScanner, TakesDataOfSeveralLinesTogether) {
  const Seen seen = scan("data: {\"usage\":\ndata: {\"total_tokens\":\ndata:4}}\nid: 1\n\n", 0);
  EXPECT_EQ(seen.facts.events, 1U);
  EXPECT_EQ(seen.facts.usage.total_tokens, 4U);
}

TEST(SseScanner, IsNotMisled) {
  const Seen seen = scan(
      "data: [DONE]x\n\n"  // not the end
      "data:  [DONE]\n\n"  // two spaces: one belongs to the data
      "datax: {\"usage\":{}}\n\n"
      "data\n\n"  // a field without a value; nobody sends it
      "\r\r\n\n"
      "data: [DONE]",  // has not ended
      0);
  EXPECT_EQ(seen.events.size(), 5U) << "the carriage returns are a line";
  EXPECT_EQ(seen.facts.events, 2U);
  EXPECT_FALSE(seen.facts.done || seen.facts.has_usage);
}

}  // namespace
}  // namespace slipway::body

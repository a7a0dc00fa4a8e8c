#include "gateway/proxy/relay.hpp"

#include <gtest/gtest.h>

namespace slipway::gateway {
namespace {

using http::Method;
using http::Version;

struct Outcome {
  std::string text;  // for the client
  bool ended = false, failed = false;
  std::optional<body::Usage> usage;
};

// Passes `answer` through, cut into two pieces at `cut` and after that into single bytes if asked.
Outcome pass(std::string_view answer, const Relay::Request& request, std::size_t cut,
             bool bytewise = false) {
  Relay relay;
  relay.begin(request);
  Outcome out;
  const auto take = [&](std::string_view bytes) {
    const auto piece = relay.take(bytes, {}, true);
    if (!piece) return void(out.failed = true);
    out.text.append(piece->head).append(piece->body);
  };
  for (std::size_t at = 0; at < answer.size() && !out.failed;) {
    const std::size_t size = bytewise ? 1 : (at < cut ? cut - at : answer.size() - at);
    // A copy of its own, so that reading beyond it shows.
    const std::string piece(answer.substr(at, size));
    take(piece);
    at += size;
  }
  out.ended = relay.ended();
  out.usage = relay.usage();
  return out;
}

std::string body_of(const std::string& text) {
  return text.substr(text.find("\r\n\r\n") + 4);
}

// What a client makes of chunks.
std::string unchunked(std::string_view bytes) {
  http::ChunkedDecoder decoder;
  std::string out;
  while (!decoder.ended() && !bytes.empty()) {
    const auto step = decoder.next(bytes);
    EXPECT_TRUE(step);
    if (!step) break;
    out += step->payload;
    bytes.remove_prefix(step->consumed);
  }
  EXPECT_TRUE(decoder.ended());
  EXPECT_TRUE(bytes.empty());
  return out;
}

const std::string kEvent = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
const std::string kUsage =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n";
const std::string kDone = "data: [DONE]\n\n";

std::string stream() {
  std::string out =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
  for (const std::string& event :
       {kEvent, kEvent + kUsage.substr(0, 9), kUsage.substr(9) + kDone}) {
    char size[8];
    std::snprintf(size, sizeof size, "%zx", event.size());
    out += std::string(size) + "\r\n" + event + "\r\n";
  }
  return out + "0\r\n\r\n";
}

TEST(Relay, CutsUsageOutWhereverTheBytesAreCut) {
  const std::string answer = stream();
  const Relay::Request request{Method::Post, Version::Http11, true, true};
  for (std::size_t cut = 1; cut < answer.size(); ++cut) {
    const Outcome out = pass(answer, request, cut);
    ASSERT_TRUE(out.ended) << cut;
    ASSERT_EQ(unchunked(body_of(out.text)), kEvent + kEvent + kDone) << cut;
    ASSERT_TRUE(out.usage) << cut;
    EXPECT_EQ(out.usage->completion_tokens, 2U) << cut;
  }
  EXPECT_EQ(unchunked(body_of(pass(answer, request, 0, true).text)), kEvent + kEvent + kDone);
}

TEST(Relay, PassesChunksAsTheyAreWhenNothingIsCut) {
  const std::string answer = stream();
  for (std::size_t cut = 1; cut < answer.size(); ++cut) {
    const Outcome out = pass(answer, {Method::Post, Version::Http11, false, true}, cut);
    ASSERT_EQ(body_of(out.text), body_of(answer)) << cut;
    ASSERT_TRUE(out.usage) << cut;
  }
}

TEST(Relay, TakesChunksApartForAnOldClientAndStillCuts) {
  const std::string answer = stream();
  for (const bool cuts : {false, true}) {
    const Outcome out = pass(answer, {Method::Post, Version::Http10, cuts, true}, 0, true);
    EXPECT_EQ(body_of(out.text), kEvent + kEvent + (cuts ? "" : kUsage) + kDone);
    EXPECT_EQ(out.text.find("chunked"), std::string::npos);
  }
}

// An event that its engine never ended is passed on with the end of the answer.
TEST(Relay, KeepsTheRestOfAStreamThatEndsWithinAnEvent) {
  const std::string answer =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
      "7\r\ndata: x\r\n0\r\n\r\n";
  const Outcome out = pass(answer, {Method::Post, Version::Http11, true, true}, 0, true);
  EXPECT_EQ(unchunked(body_of(out.text)), "data: x");
}

TEST(Relay, ReadsUsageOfAWholeAnswer) {
  const std::string body = R"({"usage":{"prompt_tokens":3,"completion_tokens":4}})";
  const std::string answer =
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  for (std::size_t cut = 1; cut < answer.size(); ++cut) {
    const Outcome out = pass(answer, {Method::Post, Version::Http11, true, true}, cut);
    ASSERT_EQ(body_of(out.text), body) << cut;
    ASSERT_TRUE(out.usage && out.usage->prompt_tokens == 3U) << cut;
  }
  EXPECT_FALSE(pass(answer, {Method::Post, Version::Http11, false, false}, 1).usage);
}

TEST(Relay, FindsTheEndOfEveryFraming) {
  struct Case {
    const char* answer;
    Method method;
    bool ended, failed;
  };
  const Case cases[] = {
      {"HTTP/1.1 204 No Content\r\n\r\n", Method::Post, true, false},
      {"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", Method::Head, true, false},
      {"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Method::Post, true, false},
      {"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc", Method::Post, false, false},
      {"HTTP/1.1 200 OK\r\n\r\nabc", Method::Post, false, false},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na", Method::Post,
       true, false},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", Method::Post, false, true},
      {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", Method::Post, false, true},
      {"nonsense\r\n\r\n", Method::Post, false, true},
  };
  for (const Case& one : cases) {
    const Outcome out = pass(one.answer, {one.method, Version::Http11, false, true}, 0, true);
    EXPECT_EQ(out.ended, one.ended) << one.answer;
    EXPECT_EQ(out.failed, one.failed) << one.answer;
  }
}

TEST(Relay, DoesNotKeepAConnectionThatSaidTooMuch) {
  Relay relay;
  relay.begin({Method::Post, Version::Http11, false, false});
  ASSERT_TRUE(relay.take("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab", {}, true));
  EXPECT_TRUE(relay.ended());
  EXPECT_FALSE(relay.engine_keeps_alive());
}

}  // namespace
}  // namespace slipway::gateway

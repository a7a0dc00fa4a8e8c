#include "runtime-images/agent/http/head.hpp"

#include <gtest/gtest.h>

#include "runtime-images/agent/http/chunked.hpp"
#include "runtime-images/agent/http/sse.hpp"

namespace slipway::agent::http {
namespace {

int status_of(std::string_view bytes) {
  const auto head = parse_request(bytes);
  if (!head) return head.error().status;
  return *head ? 200 : 0;
}

TEST(RequestHead, ReadsAnOrdinaryOne) {
  const std::string_view bytes =
      "POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: h\r\ncontent-length:  12 \r\n"
      "Expect: 100-Continue\r\nConnection: foo, Close\r\n\r\nbody";
  const auto head = parse_request(bytes);
  ASSERT_TRUE(head && *head);
  EXPECT_EQ((*head)->method, "POST");
  EXPECT_EQ((*head)->path(), "/v1/chat/completions");
  EXPECT_EQ((*head)->content_length, 12U);
  EXPECT_TRUE((*head)->expects_continue);
  EXPECT_FALSE((*head)->keep_alive);
  EXPECT_EQ((*head)->size, bytes.size() - 4);
}

TEST(RequestHead, WaitsForItsEnd) {
  const std::string whole = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(status_of(whole.substr(0, size)), 0) << size;
  EXPECT_EQ(status_of(whole), 200);
}

struct HeadCase {
  const char* name;
  std::string bytes;
  int status;
};
class RequestTable : public testing::TestWithParam<HeadCase> {};
TEST_P(RequestTable, HasStatus) {
  EXPECT_EQ(status_of(GetParam().bytes), GetParam().status);
}

std::string post(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Smuggling, RequestTable,
    testing::ValuesIn<HeadCase>({
        {"Length", post("Content-Length: 5"), 200},
        {"Chunked", post("Transfer-Encoding: chunked"), 200},
        {"LengthAndChunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked"), 400},
        {"TwoLengths", post("Content-Length: 5\r\nContent-Length: 6"), 400},
        {"SameLengthTwice", post("Content-Length: 5\r\nContent-Length: 5"), 400},
        {"ListOfLengths", post("Content-Length: 5, 5"), 400},
        {"SignedLength", post("Content-Length: +5"), 400},
        {"NegativeLength", post("Content-Length: -5"), 400},
        {"HexLength", post("Content-Length: 0x5"), 400},
        {"EmptyLength", post("Content-Length:"), 400},
        {"EndlessLength", post("Content-Length: 99999999999999999999999"), 400},
        {"OtherEncoding", post("Transfer-Encoding: gzip"), 501},
        {"ChunkedLast", post("Transfer-Encoding: gzip, chunked"), 501},
        {"ChunkedTwice", post("Transfer-Encoding: chunked, chunked"), 501},
        {"TwoEncodings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
        {"HiddenEncoding",
         post("Transfer-Encoding: \x0b"
              "chunked"),
         400},
        {"SpaceBeforeColon", post("Transfer-Encoding : chunked"), 400},
        {"FoldedLine", post("X: a\r\n Transfer-Encoding: chunked"), 400},
        {"LeadingSpace", post(" X: a"), 400},
        {"BareLineFeed", "GET / HTTP/1.1\nHost: h\n\n", 0},
        {"LineFeedInside", post("X: a\nContent-Length: 5"), 400},
        {"CarriageReturnInside", post("X: a\rb"), 400},
        {"Zero", post(std::string("X: a\0b", 6)), 400},
        {"NoName", post(": a"), 400},
        {"NoColon", post("X"), 400},
        {"OldWithChunks", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"NoHost", "GET / HTTP/1.1\r\n\r\n", 400},
        {"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"OldWithoutHost", "GET / HTTP/1.0\r\n\r\n", 200},
        {"NewVersion", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
        {"LowerCaseVersion", "GET / http/1.1\r\nHost: h\r\n\r\n", 505},
        {"AbsoluteTarget", "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"SpaceInTarget", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"NoTarget", "GET HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"OddMethod", "GE\"T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"LongTarget", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
        {"EndlessHead", "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'a'), 431},
        {"HeaderFlood",
         [] {
           std::string flood;
           for (int i = 0; i < 120; ++i) flood += "X: a\r\n";
           return "GET / HTTP/1.1\r\n" + flood + "\r\n";
         }(),
         431},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ResponseHead, ReadsFraming) {
  const auto sized = parse_response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
  ASSERT_TRUE(sized && *sized);
  EXPECT_EQ((*sized)->status, 200);
  EXPECT_TRUE((*sized)->keep_alive);
  const auto open = parse_response("HTTP/1.1 200\r\n\r\n");
  ASSERT_TRUE(open && *open);
  EXPECT_FALSE((*open)->keep_alive) << "a body without length ends with its connection";
  for (const char* bad : {"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000\r\n\r\n", "ICY 200 OK\r\n\r\n",
                          "\r\n\r\n", "HTTP/1.1 099 no\r\n\r\n", "HTTP/1.1\r\n\r\n"})
    EXPECT_FALSE(parse_response(bad)) << bad;
}

struct ChunkCase {
  const char* name;
  std::string bytes;
  const char* body;  // nullptr: refused
};
class ChunkTable : public testing::TestWithParam<ChunkCase> {};

TEST_P(ChunkTable, IsTheSameInWholeAndByteByByte) {
  const ChunkCase& c = GetParam();
  for (const std::size_t step : {c.bytes.size(), std::size_t{1}}) {
    ChunkDecoder decoder;
    std::string body;
    std::size_t used = 0;
    for (std::size_t at = 0; at < c.bytes.size(); at += step)
      used += decoder.feed(std::string_view(c.bytes).substr(at, step), body);
    if (c.body == nullptr) {
      EXPECT_TRUE(decoder.failed()) << step;
    } else {
      EXPECT_TRUE(decoder.done()) << step;
      EXPECT_EQ(body, c.body);
      EXPECT_EQ(c.bytes.substr(used), c.bytes.ends_with("NEXT") ? "NEXT" : "");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Table, ChunkTable,
                         testing::ValuesIn<ChunkCase>({
                             {"Plain", "3\r\nabc\r\n0\r\n\r\n", "abc"},
                             {"TwoChunks", "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
                              "abc0123456789"},
                             {"Extension", "3;name=\"value\"\r\nabc\r\n0\r\n\r\n", "abc"},
                             {"Trailer", "0\r\nX: y\r\nZ: w\r\n\r\n", ""},
                             {"NextMessage", "1\r\na\r\n0\r\n\r\nNEXT", "a"},
                             {"NoSize", "\r\nabc\r\n", nullptr},
                             {"Negative", "-1\r\n", nullptr},
                             {"Prefix", "0x3\r\nabc\r\n", nullptr},
                             {"SpaceFirst", " 3\r\nabc\r\n", nullptr},
                             {"SpaceAfter", "3 \r\nabc\r\n", nullptr},
                             {"BareLineFeed", "3\nabc\n", nullptr},
                             {"NoEnd", "3\r\nabcX", nullptr},
                             {"TooLong", "10000000000000000\r\n", nullptr},
                             {"Overflow", "ffffffffffffffffff\r\n", nullptr},
                             {"LineFeedInExtension", "3;a\nb\r\nabc\r\n", nullptr},
                             {"LongExtension", "3;" + std::string(300, 'x') + "\r\n", nullptr},
                             {"EndlessTrailer", "0\r\n" + std::string(5000, 'x'), nullptr},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(EventCutter, GivesWholeEventsOnly) {
  EventCutter cutter;
  EXPECT_EQ(cutter.feed("data: a"), "");
  EXPECT_EQ(cutter.feed("\n\ndata: b\n\ndata"), "data: a\n\ndata: b\n\n");
  EXPECT_EQ(cutter.feed(": c\r\n\r\n"), "data: c\r\n\r\n");
  EXPECT_EQ(cutter.feed("data: d"), "");
  EXPECT_EQ(cutter.take_rest(), "data: d");
}

TEST(UsageScanner, FindsCountsHoweverTheyAreCut) {
  const std::string body =
      R"({"choices":[{"text":"\"prompt_tokens\": 99"}],"usage":{"prompt_tokens":7,)"
      R"("completion_tokens" : 158}})";
  for (std::size_t step = 1; step <= body.size(); ++step) {
    UsageScanner scanner;
    for (std::size_t at = 0; at < body.size(); at += step)
      scanner.feed(std::string_view(body).substr(at, step));
    EXPECT_EQ(scanner.counts().input, 7) << step;
    EXPECT_EQ(scanner.counts().output, 158) << step;
  }
}

}  // namespace
}  // namespace slipway::agent::http

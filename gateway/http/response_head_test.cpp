#include "gateway/http/response_head.hpp"

#include <gtest/gtest.h>

#include <string>

namespace slipway::http {
namespace {

using Framing = Body::Framing;

struct Answer {
  const char* name;
  std::string bytes;
  Method method;
  int status;
  Body body;
  bool keep_alive;
};
class AcceptsResponse : public testing::TestWithParam<Answer> {};

TEST_P(AcceptsResponse, AndDecides) {
  const Answer& answer = GetParam();
  ResponseHead head;
  for (std::size_t n = 0; n < answer.bytes.size(); ++n) {
    const auto part = std::string_view(answer.bytes).substr(0, n);
    ASSERT_EQ(*parse_response_head(part, 0, answer.method, {}, head), 0U) << n;
  }
  const auto size = parse_response_head(answer.bytes + "body", 0, answer.method, {}, head);
  ASSERT_TRUE(size) << size.error().reason;
  EXPECT_EQ(*size, answer.bytes.size());
  EXPECT_EQ(head.status, answer.status);
  EXPECT_EQ(head.body, answer.body);
  EXPECT_EQ(head.keep_alive, answer.keep_alive);
}

const std::string kLength = "Content-Length: 5\r\n\r\n";

INSTANTIATE_TEST_SUITE_P(
    Table, AcceptsResponse,
    testing::ValuesIn<Answer>({
        {"length", "HTTP/1.1 200 OK\r\n" + kLength, Method::Post, 200, {Framing::Length, 5}, true},
        {"chunked",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
         Method::Post,
         200,
         {Framing::Chunked, 0},
         true},
        {"until_close",
         "HTTP/1.1 200 OK\r\n\r\n",
         Method::Get,
         200,
         {Framing::UntilClose, 0},
         false},
        {"old", "HTTP/1.0 200 OK\r\n" + kLength, Method::Get, 200, {Framing::Length, 5}, false},
        {"interim", "HTTP/1.1 100 Continue\r\n\r\n", Method::Post, 100, {}, true},
        {"no_content", "HTTP/1.1 204 No Content\r\n\r\n", Method::Get, 204, {}, true},
        {"not_modified", "HTTP/1.1 304 Not Modified\r\n" + kLength, Method::Get, 304, {}, true},
        {"to_head", "HTTP/1.1 200 OK\r\n" + kLength, Method::Head, 200, {}, true},
        {"no_reason", "HTTP/1.1 503 \r\n" + kLength, Method::Post, 503, {Framing::Length, 5}, true},
        {"no_space", "HTTP/1.1 503\r\n" + kLength, Method::Post, 503, {Framing::Length, 5}, true},
        {"closes",
         "HTTP/1.1 200 OK\r\nConnection: close\r\n" + kLength,
         Method::Post,
         200,
         {Framing::Length, 5},
         false},
    }),
    [](const auto& test) { return std::string(test.param.name); });

class RefusesResponse : public testing::TestWithParam<std::string> {};

TEST_P(RefusesResponse, AsABadGateway) {
  ResponseHead head;
  const auto size = parse_response_head(GetParam(), 0, Method::Post, {.head_bytes = 100}, head);
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().status, 502);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RefusesResponse,
    testing::Values("SSH-2.0-x", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n",
                    "HTTP/1.1 099 x\r\n", "HTTP/1.1 600 x\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
                    "HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
                    "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nA: " + std::string(100, 'x')));

}  // namespace
}  // namespace slipway::http

#include "gateway/http/write_head.hpp"

#include <gtest/gtest.h>

#include <array>

#include "gateway/http/request_head.hpp"
#include "gateway/http/response_head.hpp"

namespace slipway::http {
namespace {

using Framing = Body::Framing;

RequestHead request(std::string_view bytes) {
  RequestHead head;
  const auto size = parse_request_head(bytes, 0, {}, head);
  EXPECT_TRUE(size && *size == bytes.size());
  return head;
}

ResponseHead response(std::string_view bytes, Method method = Method::Post) {
  ResponseHead head;
  const auto size = parse_response_head(bytes, 0, method, {}, head);
  EXPECT_TRUE(size && *size == bytes.size());
  return head;
}

TEST(AppendRequestHead, LeavesOutWhatIsForThisHop) {
  const RequestHead head = request(
      "POST http://a/x?y HTTP/1.1\r\nhost: a\r\nConnection: X-Mine, keep-alive\r\nx-mine: 1\r\n"
      "TE: trailers\r\nTrailer: X\r\nKeep-Alive: 5\r\nProxy-Authorization: secret\r\n"
      "Expect: 100-continue\r\nUpgrade: h2c\r\nAccept: */*\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string out;
  append_request_head(out, head, {.body = {Framing::Length, 12}});
  EXPECT_EQ(out, "POST /x?y HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nContent-Length: 12\r\n\r\n");
}

TEST(AppendRequestHead, ReplacesAddsAndRemoves) {
  const RequestHead head = request(
      "POST /x HTTP/1.1\r\nHost: a\r\nX-Request-ID: theirs\r\nx-request-id: again\r\n"
      "Authorization: Bearer key\r\nA: b\r\nContent-Length: 1\r\n\r\n");
  const std::array<AddedField, 2> set{{{"x-request-id", "ours"}, {"traceparent", "00-1"}}};
  const std::array<std::string_view, 1> remove{"authorization"};
  std::string out;
  append_request_head(
      out, head, {.body = {Framing::Chunked, 0}, .keep_alive = false, .set = set, .remove = remove},
      "/v1/y", "10.0.0.1:8080");
  EXPECT_EQ(out,
            "POST /v1/y HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nA: b\r\nx-request-id: ours\r\n"
            "traceparent: 00-1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
}

TEST(AppendResponseHead, FitsTheClient) {
  const ResponseHead head = response(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  std::string out;
  append_response_head(out, head, Version::Http11, {.body = {Framing::Chunked, 0}});
  EXPECT_EQ(
      out,
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  out.clear();
  append_response_head(out, head, Version::Http10,
                       {.body = {Framing::UntilClose, 0}, .keep_alive = false});
  EXPECT_EQ(out, "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
  out.clear();
  append_response_head(out, head, Version::Http10, {.body = {Framing::Length, 3}});
  EXPECT_TRUE(out.ends_with("Content-Length: 3\r\nConnection: keep-alive\r\n\r\n")) << out;
}

TEST(AppendResponseHead, KeepsTheLengthThatAHeadRequestAskedFor) {
  const ResponseHead head = response("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", Method::Head);
  std::string out;
  append_response_head(out, head, Version::Http11, {});
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
}

TEST(AppendRequestHead, UsesTheRoomThatIsThere) {
  const std::string bytes = "GET /v1/models HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";
  RequestHead head = request(bytes);
  std::string out;
  append_request_head(out, head, {});
  const char* const room = out.data();
  const Field* const fields = head.fields.data();
  out.clear();
  ASSERT_TRUE(parse_request_head(bytes, 0, {}, head));
  append_request_head(out, head, {});
  EXPECT_EQ(out.data(), room);
  EXPECT_EQ(head.fields.data(), fields);
}

TEST(AppendOwnHead, HasTheUsualReason) {
  const std::array<AddedField, 1> set{{{"retry-after", "2"}}};
  std::string out;
  append_own_head(out, 429, Version::Http11,
                  {.body = {Framing::Length, 7}, .keep_alive = false, .set = set});
  EXPECT_EQ(out,
            "HTTP/1.1 429 Too Many Requests\r\nretry-after: 2\r\nContent-Length: 7\r\n"
            "Connection: close\r\n\r\n");
}

TEST(AppendOwnHead, NeedsValuesWithoutLineEnds) {
  EXPECT_TRUE(is_field_value("a \t\xC3\xA9"));
  EXPECT_FALSE(is_field_value("a\r\nb: c"));
  const std::array<AddedField, 1> set{{{"x", "a\nb"}}};
  std::string out;
  EXPECT_DEATH(append_own_head(out, 200, Version::Http11, {.set = set}), "another field");
}

}  // namespace
}  // namespace slipway::http

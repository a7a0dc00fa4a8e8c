#include "gateway/http/request_head.hpp"

#include <gtest/gtest.h>

#include <string>

namespace slipway::http {
namespace {

using Framing = Body::Framing;

// A request with these lines between its request line and its last, empty line.
std::string post(const std::string& lines) {
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

Parsed<std::size_t> parse(std::string_view bytes, RequestHead& head,
                          const HeadLimits& limits = {}) {
  return parse_request_head(bytes, 0, limits, head);
}

int status_of(std::string_view bytes, const HeadLimits& limits = {}) {
  RequestHead head;
  const auto size = parse(bytes, head, limits);
  return size ? 0 : size.error().status;
}

TEST(RequestHead, TellsWhatWasAsked) {
  const std::string bytes =
      "POST /v1/chat?a=b&c HTTP/1.1\r\nHost: models.test:8080\r\nContent-Type:application/json "
      "\t\r\n"
      "X-Empty:\r\nContent-Length: 12\r\n\r\n{\"model\":1}";
  RequestHead head;
  const auto size = parse(bytes, head);
  ASSERT_TRUE(size) << size.error().reason;
  EXPECT_EQ(*size, bytes.find("{\"model\""));
  EXPECT_EQ(head.method, Method::Post);
  EXPECT_EQ(head.path, "/v1/chat");
  EXPECT_EQ(head.query, "a=b&c");
  EXPECT_EQ(head.host, "models.test:8080");
  EXPECT_EQ(head.body, (Body{Framing::Length, 12}));
  EXPECT_TRUE(head.keep_alive);
  ASSERT_EQ(head.fields.size(), 4U);
  EXPECT_EQ(head.fields[1].value, "application/json");
  EXPECT_EQ(head.fields[2].value, "");
  EXPECT_EQ(find_field(head.fields, "content-TYPE"), &head.fields[1]);
}

TEST(RequestHead, IsUsedAgain) {
  RequestHead head;
  ASSERT_TRUE(
      parse(post("Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n"), head));
  EXPECT_TRUE(head.expects_continue);
  ASSERT_TRUE(parse("GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n", head));
  EXPECT_EQ(head.body, Body());
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expects_continue);
  EXPECT_EQ(head.fields.size(), 1U);
}

TEST(RequestHead, ComesInPiecesOfAnySize) {
  const std::string whole = post("Content-Length: 3\r\nX-Name: some value\r\n") + "abc";
  RequestHead head;
  std::size_t seen = 0;
  for (std::size_t n = 1; n < whole.size() - 3; ++n) {
    const auto size = parse_request_head(std::string_view(whole).substr(0, n), seen, {}, head);
    ASSERT_TRUE(size) << n;
    EXPECT_EQ(*size, 0U) << n;
    EXPECT_EQ(*parse(std::string_view(whole).substr(0, n), head), 0U) << n;
    seen = n;
  }
  EXPECT_EQ(*parse_request_head(whole, seen, {}, head), whole.size() - 3);
}

struct Accepted {
  const char* name;
  std::string bytes;
  bool keep_alive;
  Body body;
};
class AcceptsRequest : public testing::TestWithParam<Accepted> {};

TEST_P(AcceptsRequest, AndDecides) {
  RequestHead head;
  const auto size = parse(GetParam().bytes, head);
  ASSERT_TRUE(size) << size.error().reason;
  EXPECT_EQ(*size, GetParam().bytes.size());
  EXPECT_EQ(head.keep_alive, GetParam().keep_alive);
  EXPECT_EQ(head.body, GetParam().body);
}

INSTANTIATE_TEST_SUITE_P(
    Table, AcceptsRequest,
    testing::ValuesIn<Accepted>({
        {"one_empty_line_before", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", true, {}},
        {"http_1_0_closes", "GET / HTTP/1.0\r\n\r\n", false, {}},
        {"http_1_0_kept", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true, {}},
        {"close", post("connection: x, CLOSE\r\n"), false, {}},
        {"close_wins", post("Connection: keep-alive\r\nConnection: close\r\n"), false, {}},
        {"chunked", post("Transfer-Encoding: Chunked\r\n"), true, {Framing::Chunked, 0}},
        {"no_length", post("Content-Length: 0\r\n"), true, {Framing::Length, 0}},
        {"leading_zeros", post("Content-Length: 007\r\n"), true, {Framing::Length, 7}},
        {"absolute", "GET http://h:80/p HTTP/1.1\r\nHost: H:80\r\n\r\n", true, {}},
        {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", true, {}},
        {"obs_text", post("X: caf\xC3\xA9\r\n"), true, {}},
        {"expectation_of_1_0", "GET / HTTP/1.0\r\nExpect: x\r\n\r\n", false, {}},
        {"ipv6_host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", true, {}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

struct Refused {
  const char* name;
  std::string bytes;
  int status;
};
class RefusesRequest : public testing::TestWithParam<Refused> {};

TEST_P(RefusesRequest, WithTheStatus) {
  EXPECT_EQ(status_of(GetParam().bytes), GetParam().status);
}

// What a server behind us could read differently than we do.
INSTANTIATE_TEST_SUITE_P(
    Smuggling, RefusesRequest,
    testing::ValuesIn<Refused>({
        {"length_and_coding", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"coding_and_length", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400},
        {"two_lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n"), 400},
        {"same_length_twice", post("Content-Length: 3\r\nContent-Length: 3\r\n"), 400},
        {"list_of_lengths", post("Content-Length: 3, 3\r\n"), 400},
        {"plus_length", post("Content-Length: +3\r\n"), 400},
        {"minus_length", post("Content-Length: -3\r\n"), 400},
        {"hex_length", post("Content-Length: 0x3\r\n"), 400},
        {"space_in_length", post("Content-Length: 1 2\r\n"), 400},
        {"empty_length", post("Content-Length: \r\n"), 400},
        {"length_overflows", post("Content-Length: 18446744073709551619\r\n"), 400},
        {"space_before_colon", post("Content-Length : 3\r\n"), 400},
        {"tab_before_colon", post("Transfer-Encoding\t: chunked\r\n"), 400},
        {"folded_line", post("X: a\r\n Transfer-Encoding: chunked\r\n"), 400},
        {"folded_first_line", "GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n", 400},
        {"bare_lf", "GET / HTTP/1.1\nHost: a\n\n", 400},
        {"bare_lf_in_field", post("X: a\nContent-Length: 3\r\n"), 400},
        {"bare_lf_at_the_end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
        {"bare_cr_in_value", post("X: a\rContent-Length: 3\r\n"), 400},
        {"bare_cr_in_the_end", "GET / HTTP/1.1\r\nHost: a\r\n\rX", 400},
        {"nul_in_value", post(std::string("X: a\0b\r\n", 8)), 400},
        {"nul_in_name", post(std::string("X\0: a\r\n", 7)), 400},
        {"delete_in_value", post("X: \x7f\r\n"), 400},
        {"vertical_tab_coding", post("Transfer-Encoding: \vchunked\r\n"), 400},
        {"coding_then_more", post("Transfer-Encoding: chunked, identity\r\n"), 400},
        {"chunked_twice", post("Transfer-Encoding: chunked, chunked\r\n"), 400},
        {"chunked_in_two_fields",
         post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"coding_with_parameter", post("Transfer-Encoding: chunked;q=1\r\n"), 400},
        {"quoted_coding", post("Transfer-Encoding: \"chunked\"\r\n"), 400},
        {"similar_coding", post("Transfer-Encoding: xchunked\r\n"), 400},
        {"empty_coding", post("Transfer-Encoding:\r\n"), 400},
        {"gzip_alone", post("Transfer-Encoding: gzip\r\n"), 400},
        {"gzip_and_chunked", post("Transfer-Encoding: gzip, chunked\r\n"), 501},
        {"coding_in_1_0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"connection_names_length", post("Connection: Content-Length\r\nContent-Length: 1\r\n"),
         400},
        {"connection_names_host", post("Connection: close, host\r\n"), 400},
        {"connection_names_coding",
         post("Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n"), 400},
        {"two_hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"other_host_in_target", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"user_in_host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
        {"list_of_hosts", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        {"slash_in_host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    }),
    [](const auto& test) { return std::string(test.param.name); });

INSTANTIATE_TEST_SUITE_P(Malformed, RefusesRequest,
                         testing::ValuesIn<Refused>({
                             {"tls", "\x16\x03\x01", 400},
                             {"no_method", " / HTTP/1.1\r\n\r\n", 400},
                             {"method_not_a_token", "G(T / HTTP/1.1\r\n\r\n", 400},
                             {"long_method", std::string(33, 'A'), 501},
                             {"connect", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501},
                             {"two_spaces", "GET  / HTTP/1.1\r\n", 400},
                             {"tab_for_space", "GET\t/ HTTP/1.1\r\n", 400},
                             {"space_in_target", "GET /a b HTTP/1.1\r\n", 400},
                             {"fragment", "GET /a#b HTTP/1.1\r\n", 400},
                             {"not_ascii_target", "GET /\xC3\xA9 HTTP/1.1\r\n", 400},
                             {"no_slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                             {"asterisk_of_get", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                             {"user_in_target", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                             {"no_authority", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                             {"other_scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                             {"no_version", "GET /\r\n\r\n", 400},
                             {"lower_case_version", "GET / http/1.1\r\n", 400},
                             {"space_after_version", "GET / HTTP/1.1 \r\n", 400},
                             {"two_digits", "GET / HTTP/1.10\r\n", 400},
                             {"preface_of_http_2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
                             {"http_1_2", "GET / HTTP/1.2\r\n", 505},
                             {"no_host", "GET / HTTP/1.1\r\n\r\n", 400},
                             {"empty_host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
                             {"no_name", post(": a\r\n"), 400},
                             {"no_colon", post("abc\r\n"), 400},
                             {"two_empty_lines", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                             {"expectation", post("Expect: 200-ok\r\n"), 417},
                             {"body_too_large", post("Content-Length: 33554433\r\n"), 413},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(RequestHead, HasLimits) {
  const HeadLimits limits{.head_bytes = 200, .target_bytes = 19, .fields = 3, .body_bytes = 10};
  EXPECT_EQ(status_of(post("A: 1\r\nB: 2\r\n"), limits), 414);
  const std::string line = "GET / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(status_of(line + "A: 1\r\nB: 2\r\n\r\n", limits), 0);
  EXPECT_EQ(status_of(line + "A: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits), 431);
  EXPECT_EQ(status_of(line + "A: " + std::string(200, 'x'), limits), 431) << "without its end";
  EXPECT_EQ(status_of(line + "A: " + std::string(200, 'x') + "\r\n\r\n", limits), 431);
  EXPECT_EQ(status_of("GET /" + std::string(20, 'x'), limits), 414) << "without its end";
  EXPECT_EQ(status_of(line + "Content-Length: 11\r\n\r\n", limits), 413);
}

TEST(RequestHead, OverItsLimitIsRefusedWithoutALineEnd) {
  RequestHead head;
  const std::string bytes = "GET / HTTP/1.1\r\nHost: " + std::string(300, 'x');
  const auto size = parse_request_head(bytes, 100, {.head_bytes = 200}, head);
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().status, 431);
}

TEST(RequestHead, UpgradeNeedsBothFields) {
  RequestHead head;
  ASSERT_TRUE(parse(post("Upgrade: websocket\r\nConnection: Upgrade\r\n"), head));
  EXPECT_EQ(head.upgrade, "websocket");
  EXPECT_FALSE(head.connection_names_fields);
  ASSERT_TRUE(parse(post("Upgrade: h2c\r\n"), head));
  EXPECT_EQ(head.upgrade, "");
}

}  // namespace
}  // namespace slipway::http

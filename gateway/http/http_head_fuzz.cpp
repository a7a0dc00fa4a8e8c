// Any bytes as the head of a request, and as that of an answer. What is accepted must be read the
// same when it comes in pieces, when another request follows it, and when it is written for the
// next hop and parsed once more; there, nothing of the first hop's framing may be left.
#include <string>

#include "crds/base/check.hpp"
#include "crds/base/testing/fuzz_input.hpp"
#include "gateway/http/request_head.hpp"
#include "gateway/http/response_head.hpp"
#include "gateway/http/target.hpp"
#include "gateway/http/write_head.hpp"

namespace slipway::http {
namespace {

constexpr HeadLimits kLimits{
    .head_bytes = 2048, .target_bytes = 256, .fields = 20, .body_bytes = 1u << 20};

template <class Head, class Parse>
Parsed<std::size_t> in_pieces(std::string_view bytes, Head& head, Parse&& parse) {
  std::size_t seen = 0;
  for (std::size_t n = 1; n < bytes.size(); n += 1 + n % 7) {
    const auto size = parse(bytes.substr(0, n), seen, head);
    if (!size || *size > 0) return size;
    seen = n;
  }
  return parse(bytes, seen, head);
}

// Pieces change nothing, but that a line which has not ended may not have been looked at yet.
void expect_same(const Parsed<std::size_t>& whole, const Parsed<std::size_t>& pieces) {
  if (whole) {
    SLIPWAY_CHECK(pieces && *whole == *pieces, "the head ends where it ends");
  } else {
    SLIPWAY_CHECK(!pieces || *pieces == 0, "what is refused is never accepted");
  }
}

template <class Head>
void expect_sound(const Head& head, std::string_view bytes) {
  SLIPWAY_CHECK(head.fields.size() <= kLimits.fields, "the number of fields is bounded");
  for (const Field& field : head.fields) {
    const bool inside = field.name.data() >= bytes.data() &&
                        field.value.data() + field.value.size() <= bytes.data() + bytes.size();
    SLIPWAY_CHECK(inside && !field.name.empty(), "fields are parts of the bytes");
    SLIPWAY_CHECK(is_field_value(field.value), "a value has no line ends");
  }
}

void expect_passed_on(const RequestHead& head) {
  const Body body =
      head.body.framing == Body::Framing::Chunked ? Body{Body::Framing::Length, 7} : head.body;
  std::string out;
  append_request_head(out, head, {.body = body});
  if (head.host.empty()) return;  // of HTTP/1.0; a caller gives one
  RequestHead next;
  const auto size = parse_request_head(out, 0, {}, next);
  SLIPWAY_CHECK(size && *size == out.size(), "what we write is a head, and one only");
  SLIPWAY_CHECK(next.method == head.method && next.path == head.path && next.host == head.host,
                "the request is the same");
  SLIPWAY_CHECK(next.body == body && next.keep_alive && next.upgrade.empty(), "our framing only");
}

void request(std::string_view bytes) {
  const auto parse = [](std::string_view some, std::size_t seen, RequestHead& head) {
    return parse_request_head(some, seen, kLimits, head);
  };
  RequestHead head;
  RequestHead pieces;
  const auto size = parse(bytes, 0, head);
  const auto again = in_pieces(bytes, pieces, parse);
  expect_same(size, again);
  if (!size || *size == 0) return;
  expect_sound(head, bytes);
  RequestHead exact;
  SLIPWAY_CHECK(parse(bytes.substr(0, *size), 0, exact) == size, "what follows is not looked at");
  std::string scratch;
  if (const auto path = normalise_path(head.path, scratch); path && *path != "*")
    SLIPWAY_CHECK(path->front() == '/' && path->find("/../") == std::string_view::npos &&
                      path->find('\0') == std::string_view::npos,
                  "a normal path goes down only");
  expect_passed_on(head);
}

void response(std::string_view bytes, Method method) {
  const auto parse = [method](std::string_view some, std::size_t seen, ResponseHead& head) {
    return parse_response_head(some, seen, method, kLimits, head);
  };
  ResponseHead head;
  ResponseHead pieces;
  const auto size = parse(bytes, 0, head);
  const auto again = in_pieces(bytes, pieces, parse);
  expect_same(size, again);
  if (!size || *size == 0) return;
  expect_sound(head, bytes);
  std::string out;
  const bool close = head.body.framing == Body::Framing::UntilClose;
  append_response_head(out, head, Version::Http11, {.body = head.body, .keep_alive = !close});
  ResponseHead next;
  const auto written = parse_response_head(out, 0, method, {}, next);
  SLIPWAY_CHECK(written && *written == out.size(), "what we write is a head, and one only");
  SLIPWAY_CHECK(next.status == head.status && next.body == head.body, "the answer is the same");
}

}  // namespace
}  // namespace slipway::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::http;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  request(bytes);
  response(bytes, Method::Post);
  response(bytes, Method::Head);
  return 0;
}

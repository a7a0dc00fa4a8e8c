#include "gateway/http/response_head.hpp"

#include "gateway/http/characters.hpp"
#include "gateway/http/fields.hpp"

namespace slipway::http {
namespace {

constexpr int kBad = 502;
constexpr const char* kNoStatusLine = "an invalid status line";

tl::unexpected<Refusal> upstream(const Refusal& refusal) {
  return refuse(kBad, refusal.reason);
}

// The position behind the status line; 0: more bytes are needed.
Parsed<std::size_t> parse_status_line(std::string_view bytes, ResponseHead& head) {
  constexpr std::string_view kForm = "HTTP/1.d ddd";
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    if (i == bytes.size()) return 0;
    if (kForm[i] == 'd' ? !is(kDigit, bytes[i]) : bytes[i] != kForm[i])
      return refuse(kBad, kNoStatusLine);
  }
  if (bytes[7] > '1') return refuse(kBad, kNoStatusLine);
  head.version = bytes[7] == '0' ? Version::Http10 : Version::Http11;
  head.status = (bytes[9] - '0') * 100 + (bytes[10] - '0') * 10 + (bytes[11] - '0');
  if (head.status < 100 || head.status > 599) return refuse(kBad, "an invalid status");

  const std::size_t end = skip_field_value(bytes, kForm.size());
  if (end == bytes.size()) return 0;
  if (bytes[end] != '\r') return refuse(kBad, kNoStatusLine);
  if (end + 1 == bytes.size()) return 0;
  if (bytes[end + 1] != '\n') return refuse(kBad, kNoStatusLine);
  // Some servers leave out the space when there is no reason.
  if (end > kForm.size() && bytes[kForm.size()] != ' ') return refuse(kBad, kNoStatusLine);
  head.reason = trimmed(bytes.substr(kForm.size(), end - kForm.size()));
  return end + 2;
}

Body body_of(const Framing& framing, int status, Method method) {
  const bool never = status < 200 || status == 204 || status == 304;
  if (never || method == Method::Head) return {};
  if (framing.chunked) return {Body::Framing::Chunked, 0};
  if (framing.content_length) return {Body::Framing::Length, *framing.content_length};
  return {Body::Framing::UntilClose, 0};
}

void reset(ResponseHead& head) {
  std::vector<Field> fields = std::move(head.fields);
  fields.clear();
  head = ResponseHead();
  head.fields = std::move(fields);
}

Parsed<std::size_t> more(std::string_view bytes, const HeadLimits& limits) {
  if (bytes.size() >= limits.head_bytes) return refuse(kBad, "a head that is too large");
  return 0;
}

}  // namespace

Parsed<std::size_t> parse_response_head(std::string_view bytes, std::size_t seen, Method method,
                                        const HeadLimits& limits, ResponseHead& head) {
  if (seen > 0 && bytes.find('\n', seen) == std::string_view::npos) return more(bytes, limits);
  reset(head);
  auto at = parse_status_line(bytes, head);
  if (!at) return at;
  if (*at > 0) at = parse_fields(bytes, *at, limits.fields, head.fields);
  if (!at) return upstream(at.error());
  if (*at == 0) return more(bytes, limits);
  if (*at > limits.head_bytes) return refuse(kBad, "a head that is too large");

  const auto framing = read_framing(head.fields, head.version);
  if (!framing) return upstream(framing.error());
  head.body = body_of(*framing, head.status, method);
  const bool by_default = head.version == Version::Http11;
  head.keep_alive = !framing->close && (by_default || framing->keep_alive) &&
                    head.body.framing != Body::Framing::UntilClose;
  head.connection_names_fields = framing->names_fields;
  return at;
}

}  // namespace slipway::http

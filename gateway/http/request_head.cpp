#include "gateway/http/request_head.hpp"

#include "gateway/http/characters.hpp"
#include "gateway/http/fields.hpp"
#include "gateway/http/target.hpp"

namespace slipway::http {
namespace {

constexpr int kBad = 400;
constexpr std::size_t kLongestMethod = 32;
constexpr std::string_view kLineEnd = "\r\n";

Method method_of(std::string_view name) {
  if (name == "POST") return Method::Post;
  if (name == "GET") return Method::Get;
  if (name == "HEAD") return Method::Head;
  if (name == "PUT") return Method::Put;
  if (name == "PATCH") return Method::Patch;
  if (name == "DELETE") return Method::Delete;
  if (name == "OPTIONS") return Method::Options;
  return Method::Other;
}

// The position behind the version and its line end; 0: more bytes are needed.
Parsed<std::size_t> parse_version(std::string_view bytes, std::size_t at, Version& version) {
  constexpr std::string_view kForm = "HTTP/d.d\r\n";
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    if (at + i == bytes.size()) return 0;
    const char c = bytes[at + i];
    if (kForm[i] == 'd' ? !is(kDigit, c) : c != kForm[i])
      return refuse(kBad, "a request line without a version at its end");
  }
  if (bytes[at + 5] != '1' || bytes[at + 7] > '1') return refuse(505, "not HTTP/1.0 or HTTP/1.1");
  version = bytes[at + 7] == '0' ? Version::Http10 : Version::Http11;
  return at + kForm.size();
}

Parsed<std::size_t> parse_request_line(std::string_view bytes, std::size_t at,
                                       const HeadLimits& limits, RequestHead& head,
                                       std::string_view& target) {
  const std::size_t method_end = skip(kToken, bytes.substr(0, at + kLongestMethod + 1), at);
  if (method_end - at > kLongestMethod) return refuse(501, "a method that is too long");
  if (method_end == bytes.size()) return 0;
  if (method_end == at || bytes[method_end] != ' ') return refuse(kBad, "an invalid method");
  head.method_name = bytes.substr(at, method_end - at);
  head.method = method_of(head.method_name);

  const std::size_t begin = method_end + 1;
  const std::size_t end = skip(kTarget, bytes, begin);
  if (end - begin > limits.target_bytes) return refuse(414, "a target that is too long");
  if (end == bytes.size()) return 0;
  if (end == begin || bytes[end] != ' ') return refuse(kBad, "an invalid target");
  target = bytes.substr(begin, end - begin);
  return parse_version(bytes, end + 1, head.version);
}

Parsed<> decide_target(std::string_view text, RequestHead& head) {
  if (head.method_name == "CONNECT") return refuse(501, "CONNECT");
  const auto target = split_target(text, head.method);
  if (!target) return tl::unexpected(target.error());
  head.path = target->path;
  head.query = target->query;

  const Field* host = nullptr;
  for (const Field& field : head.fields) {
    if (field.known != FieldName::Host) continue;
    if (host != nullptr) return refuse(kBad, "more than one host");
    host = &field;
  }
  if (host == nullptr && head.version == Version::Http11) return refuse(kBad, "no host");
  if (host != nullptr && !is_host(host->value)) return refuse(kBad, "an invalid host");
  head.host = host != nullptr ? host->value : std::string_view();
  if (target->authority.empty()) return {};
  // RFC 9112 3.2.2 lets the target win. Two hosts in one request are refused: a server behind us
  // may let the other one win.
  if (host != nullptr && !same_name(host->value, target->authority))
    return refuse(kBad, "a host that is not the target's");
  head.host = target->authority;
  return {};
}

Parsed<> decide_expectations(const Framing& framing, RequestHead& head) {
  for (const Field& field : head.fields) {
    if (head.version == Version::Http10) return {};  // RFC 9110 10.1.1 and 7.8: ignored
    if (field.known == FieldName::Expect) {
      if (!same_name(field.value, "100-continue"))
        return refuse(417, "an expectation other than 100-continue");
      head.expects_continue = head.body.framing != Body::Framing::None;
    } else if (field.known == FieldName::Upgrade && framing.upgrade) {
      head.upgrade = field.value;
    }
  }
  return {};
}

Parsed<> decide(std::string_view target, const HeadLimits& limits, RequestHead& head) {
  const auto framing = read_framing(head.fields, head.version);
  if (!framing) return tl::unexpected(framing.error());
  if (framing->content_length.value_or(0) > limits.body_bytes)
    return refuse(413, "a body that is too large");
  if (framing->chunked) {
    head.body = {Body::Framing::Chunked, 0};
  } else if (framing->content_length) {
    head.body = {Body::Framing::Length, *framing->content_length};
  }
  const bool by_default = head.version == Version::Http11;
  head.keep_alive = !framing->close && (by_default || framing->keep_alive);
  head.connection_names_fields = framing->names_fields;
  if (const auto decided = decide_target(target, head); !decided) return decided;
  return decide_expectations(*framing, head);
}

void reset(RequestHead& head) {
  std::vector<Field> fields = std::move(head.fields);
  fields.clear();
  head = RequestHead();
  head.fields = std::move(fields);
}

// 0 as the size of a head that may still fit, else the refusal of one that no longer can.
Parsed<std::size_t> more(std::string_view bytes, const HeadLimits& limits) {
  if (bytes.size() >= limits.head_bytes) return refuse(431, "a head that is too large");
  return 0;
}

}  // namespace

Parsed<std::size_t> parse_request_head(std::string_view bytes, std::size_t seen,
                                       const HeadLimits& limits, RequestHead& head) {
  if (seen > 0 && bytes.find('\n', seen) == std::string_view::npos) return more(bytes, limits);
  reset(head);
  // RFC 9112 2.2: one empty line before a request is no error; some clients end a body with one.
  const std::size_t begin = bytes.starts_with(kLineEnd) ? kLineEnd.size() : 0;
  if (begin == bytes.size() || bytes == "\r") return 0;

  std::string_view target;
  auto at = parse_request_line(bytes, begin, limits, head, target);
  if (!at) return at;
  if (*at > 0) at = parse_fields(bytes, *at, limits.fields, head.fields);
  if (!at) return at;
  if (*at == 0) return more(bytes, limits);
  if (*at > limits.head_bytes) return refuse(431, "a head that is too large");
  if (const auto decided = decide(target, limits, head); !decided)
    return tl::unexpected(decided.error());
  return at;
}

}  // namespace slipway::http

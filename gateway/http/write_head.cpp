#include "gateway/http/write_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "crds/base/check.hpp"
#include "gateway/http/characters.hpp"
#include "gateway/http/fields.hpp"

namespace slipway::http {
namespace {

constexpr std::size_t kMostDigits = 20;

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, kMostDigits> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end.ptr);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool is_replaced(const Field& field, const HeadChanges& changes) {
  return std::ranges::any_of(changes.set,
                             [&](const AddedField& a) { return same_name(a.name, field.name); }) ||
         std::ranges::any_of(changes.remove,
                             [&](std::string_view name) { return same_name(name, field.name); });
}

// Fields that go through from one side to the other; those of the framing are written anew.
template <class Keep>
void append_passed_on(std::string& out, const std::vector<Field>& fields, bool connection_names_any,
                      const HeadChanges& changes, Keep&& keep) {
  for (const Field& field : fields) {
    if (is_hop_by_hop(field.known) || !keep(field) || is_replaced(field, changes)) continue;
    if (connection_names_any && connection_names(fields, field.name)) continue;
    append_field(out, field.name, field.value);
  }
}

// What the gateway adds, the framing, and the empty line that ends a head. `persists`: what the
// version does when nothing is said.
void append_end(std::string& out, Version version, const HeadChanges& changes) {
  for (const AddedField& field : changes.set) {
    SLIPWAY_CHECK(is_field_value(field.value), "a value with a line end would be another field");
    append_field(out, field.name, field.value);
  }
  if (changes.body.framing == Body::Framing::Length) {
    out.append("Content-Length: ");
    append_number(out, changes.body.length);
    out.append("\r\n");
  } else if (changes.body.framing == Body::Framing::Chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  }
  if (!changes.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (version == Version::Http10) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
}

void append_status_line(std::string& out, Version version, int status, std::string_view reason) {
  SLIPWAY_CHECK(status >= 100 && status <= 599, "a status has three digits");
  out.append(version == Version::Http11 ? "HTTP/1.1 " : "HTTP/1.0 ");
  append_number(out, static_cast<std::uint64_t>(status));
  out.append(" ").append(reason).append("\r\n");
}

void expect_sendable(Version version, const HeadChanges& changes) {
  SLIPWAY_CHECK(version == Version::Http11 || changes.body.framing != Body::Framing::Chunked,
                "HTTP/1.0 knows no chunks");
  SLIPWAY_CHECK(!changes.keep_alive || changes.body.framing != Body::Framing::UntilClose,
                "the end of the connection is the end of the body");
}

}  // namespace

bool is_field_value(std::string_view text) {
  return skip_field_value(text, 0) == text.size();
}

void append_request_head(std::string& out, const RequestHead& from, const HeadChanges& changes,
                         std::string_view target, std::string_view host) {
  SLIPWAY_CHECK(changes.body.framing != Body::Framing::UntilClose, "a request says its length");
  out.append(from.method_name).append(" ");
  if (target.empty()) {
    out.append(from.path);
    if (!from.query.empty()) out.append("?").append(from.query);
  } else {
    out.append(target);
  }
  out.append(" HTTP/1.1\r\n");
  append_field(out, "Host", host.empty() ? from.host : host);
  append_passed_on(out, from.fields, from.connection_names_fields, changes, [](const Field& field) {
    return field.known != FieldName::Host && field.known != FieldName::Expect &&
           field.known != FieldName::ContentLength;
  });
  append_end(out, Version::Http11, changes);
}

void append_response_head(std::string& out, const ResponseHead& from, Version version,
                          const HeadChanges& changes) {
  expect_sendable(version, changes);
  append_status_line(out, version, from.status, from.reason);
  const bool length_of_nothing =
      changes.body.framing == Body::Framing::None && from.status >= 200 && from.status != 204;
  append_passed_on(out, from.fields, from.connection_names_fields, changes, [&](const Field& f) {
    return f.known != FieldName::ContentLength || length_of_nothing;
  });
  append_end(out, version, changes);
}

void append_own_head(std::string& out, int status, Version version, const HeadChanges& changes) {
  expect_sendable(version, changes);
  append_status_line(out, version, status, reason_of(status));
  append_end(out, version, changes);
}

std::string_view reason_of(int status) {
  struct Known {
    int status;
    std::string_view reason;
  };
  static constexpr auto kKnown = std::to_array<Known>({{200, "OK"},
                                                       {204, "No Content"},
                                                       {400, "Bad Request"},
                                                       {401, "Unauthorized"},
                                                       {403, "Forbidden"},
                                                       {404, "Not Found"},
                                                       {405, "Method Not Allowed"},
                                                       {408, "Request Timeout"},
                                                       {411, "Length Required"},
                                                       {413, "Content Too Large"},
                                                       {414, "URI Too Long"},
                                                       {415, "Unsupported Media Type"},
                                                       {417, "Expectation Failed"},
                                                       {422, "Unprocessable Content"},
                                                       {429, "Too Many Requests"},
                                                       {431, "Request Header Fields Too Large"},
                                                       {500, "Internal Server Error"},
                                                       {501, "Not Implemented"},
                                                       {502, "Bad Gateway"},
                                                       {503, "Service Unavailable"},
                                                       {504, "Gateway Timeout"},
                                                       {505, "HTTP Version Not Supported"}});
  const auto* found = std::ranges::find(kKnown, status, &Known::status);
  return found == kKnown.end() ? std::string_view() : found->reason;
}

}  // namespace slipway::http

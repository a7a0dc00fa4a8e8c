#include "runtime-images/agent/http/head.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace slipway::agent::http {
namespace {

using Refused = tl::unexpected<HeadError>;

Refused refused(int status, std::string why) {
  return Refused(HeadError{status, std::move(why)});
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// tchar of RFC 9110 5.6.2.
constexpr std::array<bool, 256> kToken = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return kToken[c]; });
}

bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text,
                             [](unsigned char c) { return c == '\t' || (c >= ' ' && c != 0x7f); });
}

bool is_target(std::string_view text) {
  return text.starts_with('/') &&
         std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c < 0x7f; });
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes one line off `rest`; its end is CRLF and nothing else.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

std::optional<HeadError> parse_fields(std::string_view lines, Fields& fields) {
  while (!lines.empty()) {
    const std::string_view line = take_line(lines);
    const auto colon = line.find(':');
    // A line that begins with a space would continue the one before (obs-fold): not a token either.
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
      return HeadError{400, "a header line has no valid name"};
    const std::string_view value = trim(line.substr(colon + 1));
    if (!is_field_value(value)) return HeadError{400, "a header value has control characters"};
    if (fields.all.size() == kMaxFields) return HeadError{431, "too many header lines"};
    fields.all.push_back({line.substr(0, colon), value});
  }
  return std::nullopt;
}

struct Framing {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
};

tl::expected<Framing, HeadError> parse_framing(const Fields& fields, int minor) {
  Framing framing;
  int lengths = 0, encodings = 0;
  for (const Field& field : fields.all) {
    if (same_name(field.name, "content-length")) {
      ++lengths;
      std::uint64_t value = 0;
      const auto [end, error] =
          std::from_chars(field.value.data(), field.value.data() + field.value.size(), value);
      if (error != std::errc() || end != field.value.data() + field.value.size())
        return refused(400, "Content-Length is not a number");
      framing.content_length = value;
    } else if (same_name(field.name, "transfer-encoding")) {
      ++encodings;
      if (!same_name(field.value, "chunked"))
        return refused(501, "the only Transfer-Encoding is chunked");
      framing.chunked = true;
    }
  }
  if (lengths > 1 || encodings > 1) return refused(400, "the body's length is given twice");
  if (lengths + encodings > 1)
    return refused(400, "Content-Length and Transfer-Encoding exclude each other");
  if (framing.chunked && minor == 0) return refused(400, "HTTP/1.0 has no Transfer-Encoding");
  return framing;
}

bool keeps_alive(const Fields& fields, int minor) {
  if (fields.lists("connection", "close")) return false;
  return minor == 1 || fields.lists("connection", "keep-alive");
}

std::optional<int> parse_version(std::string_view text) {
  if (text == "HTTP/1.1") return 1;
  if (text == "HTTP/1.0") return 0;
  return std::nullopt;
}

// The head without its empty line; nullopt while it is incomplete.
tl::expected<std::optional<std::string_view>, HeadError> cut_head(std::string_view bytes) {
  const auto end = bytes.substr(0, kMaxHead).find("\r\n\r\n");
  if (end != std::string_view::npos) return bytes.substr(0, end + 2);
  if (bytes.size() >= kMaxHead) return refused(431, "the header is longer than 16384 bytes");
  return std::nullopt;
}

std::optional<HeadError> parse_request_line(std::string_view line, RequestHead& head) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return HeadError{400, "the request line is malformed"};
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  if (!is_token(head.method)) return HeadError{400, "the method is malformed"};
  if (head.target.size() > kMaxTarget) return HeadError{414, "the target is too long"};
  if (!is_target(head.target)) return HeadError{400, "the target is malformed"};
  const auto minor = parse_version(line.substr(last + 1));
  if (!minor) return HeadError{505, "only HTTP/1.1 and HTTP/1.0 are spoken"};
  head.minor = *minor;
  return std::nullopt;
}

std::optional<HeadError> check_host(const RequestHead& head) {
  const auto hosts = std::ranges::count_if(
      head.fields.all, [](const Field& field) { return same_name(field.name, "host"); });
  if (hosts > 1 || (hosts == 0 && head.minor == 1))
    return HeadError{400, "there must be one Host header"};
  return std::nullopt;
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<std::string_view> Fields::find(std::string_view name) const {
  for (const Field& field : all)
    if (same_name(field.name, name)) return field.value;
  return std::nullopt;
}

bool Fields::lists(std::string_view name, std::string_view token) const {
  for (const Field& field : all) {
    if (!same_name(field.name, name)) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      if (same_name(trim(rest.substr(0, comma)), token)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

tl::expected<std::optional<RequestHead>, HeadError> parse_request(std::string_view bytes) {
  const auto cut = cut_head(bytes);
  if (!cut) return Refused(cut.error());
  if (!*cut) return std::nullopt;
  std::string_view rest = **cut;
  RequestHead head;
  head.size = rest.size() + 2;
  if (auto error = parse_request_line(take_line(rest), head)) return Refused(*error);
  if (auto error = parse_fields(rest, head.fields)) return Refused(*error);
  if (auto error = check_host(head)) return Refused(*error);
  const auto framing = parse_framing(head.fields, head.minor);
  if (!framing) return Refused(framing.error());
  head.content_length = framing->content_length;
  head.chunked = framing->chunked;
  head.keep_alive = keeps_alive(head.fields, head.minor);
  head.expects_continue = head.minor == 1 && head.fields.lists("expect", "100-continue");
  return head;
}

tl::expected<std::optional<ResponseHead>, HeadError> parse_response(std::string_view bytes) {
  const auto cut = cut_head(bytes);
  if (!cut) return Refused(cut.error());
  if (!*cut) return std::nullopt;
  std::string_view rest = **cut;
  ResponseHead head;
  head.size = rest.size() + 2;
  const std::string_view line = take_line(rest);
  const auto minor = parse_version(line.substr(0, 8));
  const std::string_view code = line.size() >= 12 ? line.substr(9, 3) : std::string_view();
  const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), head.status);
  if (!minor || line[8] != ' ' || error != std::errc() || end != code.data() + 3 ||
      head.status < 100 || head.status > 599 || (line.size() > 12 && line[12] != ' '))
    return refused(502, "the status line is malformed");
  head.minor = *minor;
  if (auto bad = parse_fields(rest, head.fields)) return Refused(*bad);
  const auto framing = parse_framing(head.fields, head.minor);
  if (!framing) return Refused(framing.error());
  head.content_length = framing->content_length;
  head.chunked = framing->chunked;
  head.keep_alive = keeps_alive(head.fields, head.minor) &&
                    (head.content_length || head.chunked || !head.has_body());
  return head;
}

}  // namespace slipway::agent::http

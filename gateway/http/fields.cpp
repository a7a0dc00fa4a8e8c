#include "gateway/http/fields.hpp"

#include <algorithm>
#include <limits>

#include "gateway/http/characters.hpp"

namespace slipway::http {
namespace {

constexpr int kBad = 400;

// Why the line whose first byte, or whose byte behind the name, is `found` is no field line.
tl::unexpected<Refusal> no_field_line(bool at_start, char found) {
  if (at_start && (found == ' ' || found == '\t')) return refuse(kBad, "a folded field line");
  if (at_start && found == ':') return refuse(kBad, "a field without a name");
  if (found == ' ' || found == '\t') return refuse(kBad, "whitespace in a field name");
  if (found == '\n') return refuse(kBad, "a line feed without a carriage return");
  if (found == '\r') return refuse(kBad, "a field line without a colon");
  return refuse(kBad, "an invalid character in a field name");
}

tl::unexpected<Refusal> no_value(char found) {
  return found == '\n' ? refuse(kBad, "a line feed without a carriage return")
                       : refuse(kBad, "a control character in a field value");
}

Parsed<std::uint64_t> content_length(std::string_view text) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (text.empty()) return refuse(kBad, "an empty content length");
  std::uint64_t length = 0;
  for (const char c : text) {
    if (!is(kDigit, c)) return refuse(kBad, "a content length that is no number");
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length > (kMost - digit) / 10) return refuse(kBad, "a content length that is too large");
    length = length * 10 + digit;
  }
  return length;
}

Parsed<> expect_chunked(std::string_view codings) {
  if (same_name(codings, "chunked")) return {};
  std::size_t count = 0;
  std::size_t chunked = 0;
  std::string_view last;
  each_of_list(codings, [&](std::string_view coding) {
    ++count;
    chunked += same_name(coding, "chunked") ? 1 : 0;
    last = coding;
  });
  if (count > 1 && chunked == 1 && same_name(last, "chunked"))
    return refuse(501, "a transfer coding other than chunked");
  return refuse(kBad, "transfer codings that do not end with one chunked");
}

Parsed<> read_connection(std::string_view options, Framing& framing) {
  bool names_framing = false;
  each_of_list(options, [&](std::string_view option) {
    if (same_name(option, "close")) {
      framing.close = true;
    } else if (same_name(option, "keep-alive")) {
      framing.keep_alive = true;
    } else if (same_name(option, "upgrade")) {
      framing.upgrade = true;
    } else {
      const FieldName name = field_name_of(option);
      names_framing |= name != FieldName::Other && !is_hop_by_hop(name);
      names_framing |= name == FieldName::TransferEncoding;
      framing.names_fields = true;
    }
  });
  if (names_framing) return refuse(kBad, "a connection option that names a field of the framing");
  return {};
}

}  // namespace

Parsed<std::size_t> parse_fields(std::string_view bytes, std::size_t at, std::size_t most_fields,
                                 std::vector<Field>& fields) {
  while (true) {
    if (at == bytes.size()) return 0;
    if (bytes[at] == '\r') {
      if (at + 1 == bytes.size()) return 0;
      if (bytes[at + 1] != '\n') return refuse(kBad, "a carriage return without a line feed");
      return at + 2;
    }
    if (fields.size() == most_fields) return refuse(431, "too many fields");

    const std::size_t colon = skip_token(bytes, at);
    if (colon == bytes.size()) return 0;
    if (colon == at || bytes[colon] != ':') return no_field_line(colon == at, bytes[colon]);
    const std::size_t end = skip_field_value(bytes, colon + 1);
    if (end == bytes.size()) return 0;
    if (bytes[end] != '\r') return no_value(bytes[end]);
    if (end + 1 == bytes.size()) return 0;
    if (bytes[end + 1] != '\n') return refuse(kBad, "a carriage return without a line feed");

    const std::string_view name = bytes.substr(at, colon - at);
    fields.push_back(
        {name, trimmed(bytes.substr(colon + 1, end - colon - 1)), field_name_of(name)});
    at = end + 2;
  }
}

Parsed<Framing> read_framing(const std::vector<Field>& fields, Version version) {
  Framing framing;
  for (const Field& field : fields) {
    if (field.known == FieldName::Connection) {
      if (const auto read = read_connection(field.value, framing); !read)
        return tl::unexpected(read.error());
    } else if (field.known == FieldName::ContentLength) {
      const auto length = content_length(field.value);
      if (!length) return tl::unexpected(length.error());
      if (framing.content_length) return refuse(kBad, "more than one content length");
      framing.content_length = *length;
    } else if (field.known == FieldName::TransferEncoding) {
      if (version == Version::Http10) return refuse(kBad, "a transfer coding in HTTP/1.0");
      if (framing.chunked) return refuse(kBad, "more than one transfer encoding");
      if (const auto chunked = expect_chunked(field.value); !chunked)
        return tl::unexpected(chunked.error());
      framing.chunked = true;
    }
  }
  if (framing.chunked && framing.content_length)
    return refuse(kBad, "a content length beside a transfer encoding");
  return framing;
}

bool connection_names(const std::vector<Field>& fields, std::string_view name) {
  return std::ranges::any_of(fields, [name](const Field& field) {
    bool named = false;
    if (field.known == FieldName::Connection)
      each_of_list(field.value, [&](std::string_view option) { named |= same_name(option, name); });
    return named;
  });
}

}  // namespace slipway::http

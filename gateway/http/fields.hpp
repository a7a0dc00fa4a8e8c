// The field lines of a head or a trailer section, and what they decide about the connection and the
// body. Shared by the parsers of requests, responses and chunked bodies. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/http/message.hpp"

namespace slipway::http {

// Parses the field lines that begin at `at`, up to and with the empty line that ends them. Returns
// the position behind it; 0 when `bytes` end before. Stricter than RFC 9112 asks for: obs-fold,
// bare CR or LF and whitespace before the colon are refused, not repaired.
Parsed<std::size_t> parse_fields(std::string_view bytes, std::size_t at, std::size_t most_fields,
                                 std::vector<Field>& fields);

// What Connection, Content-Length and Transfer-Encoding say together.
struct Framing {
  std::optional<std::uint64_t> content_length;  // at most 2^63 - 1
  bool chunked = false;
  bool close = false;       // Connection: close
  bool keep_alive = false;  // Connection: keep-alive
  bool upgrade = false;     // Connection: upgrade
  bool names_fields = false;
};

// Refuses whatever two parsers could read differently: Content-Length beside Transfer-Encoding,
// more than one of either, a coding other than one final `chunked`, a Transfer-Encoding in
// HTTP/1.0, and a Connection that names a field of the framing.
Parsed<Framing> read_framing(const std::vector<Field>& fields, Version version);

// Whether a Connection field among `fields` lists `name` (RFC 9110 7.6.1).
bool connection_names(const std::vector<Field>& fields, std::string_view name);

}  // namespace slipway::http

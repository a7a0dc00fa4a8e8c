// Writes the heads that the gateway sends. Each function appends to a string, which a connection
// uses again and again: once it has grown, nothing is allocated. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gateway/http/message.hpp"

namespace slipway::http {

// A field that the gateway adds. REQUIRES: the name is a token and the value passes is_field_value.
struct AddedField {
  std::string_view name;
  std::string_view value;
};

// How the head that is written differs from the one that came.
struct HeadChanges {
  Body body{};                                 // of the message that is written
  bool keep_alive = true;                      // false: Connection: close
  std::span<const AddedField> set{};           // in place of all fields of these names
  std::span<const std::string_view> remove{};  // fields that are not passed on
};

// Whether the text can be a field's value: no line ends or other controls that would begin another
// field. What comes from outside and was not part of a parsed head must be asked first.
bool is_field_value(std::string_view text);

// The head for an upstream, always HTTP/1.1 and with an origin-form target. `target` and `host`
// replace path-with-query and host unless they are empty. Left out are the fields for this hop,
// those that Connection named, Expect (the gateway answers it), and the framing, which
// `changes.body` says. REQUIRES: changes.body is not UntilClose, which a request cannot be.
void append_request_head(std::string& out, const RequestHead& from, const HeadChanges& changes,
                         std::string_view target = {}, std::string_view host = {});

// The head of an upstream's answer for a client that speaks `version`. REQUIRES: HTTP/1.0 gets no
// chunked body; UntilClose goes with !keep_alive. When a body is None because of the request or the
// status, but the answer told a length (HEAD, 304), the upstream's Content-Length is passed on.
void append_response_head(std::string& out, const ResponseHead& from, Version version,
                          const HeadChanges& changes);

// The head of an answer of the gateway itself, with its usual reason; `changes.remove` is not used.
void append_own_head(std::string& out, int status, Version version, const HeadChanges& changes);

// "HTTP/1.1 100 Continue" with its empty line: an interim answer.
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// The usual reason of a status (RFC 9110 section 15); empty when there is none.
std::string_view reason_of(int status);

}  // namespace slipway::http

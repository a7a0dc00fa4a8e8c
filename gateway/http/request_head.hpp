// Parses the head of a request that a client has sent (RFC 9112). Pure: it reads the caller's
// buffer and writes one head.
#pragma once

#include <cstddef>
#include <string_view>

#include "gateway/http/message.hpp"

namespace slipway::http {

// Returns the size of the head with its final empty line; the body begins behind it. 0: `bytes` end
// before the head does; call again with more. `seen` of the bytes were there at the call before (0:
// the first call): while no line has ended since, nothing is parsed anew, so that a head that comes
// byte by byte costs little. `head` holds views into `bytes` and is complete only when the result
// is a size above 0.
//
// Refused with 400 (malformed, or ambiguous in any way that could serve request smuggling), 413
// (Content-Length above the limit), 414 (target), 417 (Expect), 431 (head, fields), 501 (transfer
// coding, CONNECT), 505 (version).
Parsed<std::size_t> parse_request_head(std::string_view bytes, std::size_t seen,
                                       const HeadLimits& limits, RequestHead& head);

}  // namespace slipway::http

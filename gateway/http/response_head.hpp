// Parses the head of an answer that an upstream has sent (RFC 9112). Pure: it reads the caller's
// buffer and writes one head.
#pragma once

#include <cstddef>
#include <string_view>

#include "gateway/http/message.hpp"

namespace slipway::http {

// As parse_request_head, of which `method` is the request that is answered: it decides, with the
// status, whether a body follows (RFC 9112 section 6.3). Interim answers (1xx) are heads of their
// own, without a body. Every refusal has status 502: the upstream is at fault, and its connection
// must not be used again. The limit of bodies does not apply.
Parsed<std::size_t> parse_response_head(std::string_view bytes, std::size_t seen, Method method,
                                        const HeadLimits& limits, ResponseHead& head);

}  // namespace slipway::http

// The encoding of everything in a token (RFC 4648 section 5, RFC 7515 section 2): no padding, no
// line ends. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::jwt {

// Strict, so that a value has one spelling only: nullopt for any other character, a length that no
// encoder gives, or bits behind the last byte that are not zero.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace slipway::jwt

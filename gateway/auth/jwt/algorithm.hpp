// The signature algorithms of RFC 7518 section 3 and RFC 8037 that prove who signed. `none` proves
// nothing, and an HMAC could be made by whoever holds the key that verifies it: neither has a name
// here, so that no setting can allow it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace slipway::jwt {

enum class Algorithm : std::uint8_t {
  RS256,
  RS384,
  RS512,
  PS256,
  PS384,
  PS512,
  ES256,
  ES384,
  ES512,
  EdDSA,  // with Ed25519 only
};

enum class KeyType : std::uint8_t { Rsa, P256, P384, P521, Ed25519 };

// Exact and with regard to case, as all names in JOSE.
std::optional<Algorithm> algorithm_named(std::string_view name);
const char* to_string(Algorithm algorithm);
KeyType key_type_of(Algorithm algorithm);

}  // namespace slipway::jwt

// The keys that an issuer publishes (RFC 7517), as far as tokens can be verified with them.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crds/base/result.hpp"
#include "gateway/auth/jwt/public_key.hpp"

namespace slipway::jwt {

struct Key {
  std::string id;                 // `kid`; empty: it has none. Not unique.
  std::optional<Algorithm> only;  // `alg`, where the issuer has bound the key to one
  PublicKey key;
};

// SHA-256 of a document: equal for equal documents.
using Fingerprint = std::array<unsigned char, 32>;

struct KeySet {
  std::vector<Key> keys;
  std::size_t skipped = 0;  // keys that are not for this use, or must not be trusted
  Fingerprint fingerprint{};
};

// A key that cannot be used is skipped, as RFC 7517 section 5 asks for: another type, curve or
// algorithm, not for signatures, too short, or one whose private half was published with it. An
// error: the document itself is not a key set, or larger than any issuer's (256 KiB, 100 keys).
//
// No keys at all is a valid answer: the issuer has taken them back.
Result<KeySet> parse_jwks(std::string_view document);

}  // namespace slipway::jwt

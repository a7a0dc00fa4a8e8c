// From the bytes of a token (RFC 7515 in its compact form, RFC 7519) to who is calling, or to why
// not. Pure: keys and time are arguments, and nothing that a token points to (`jku`, `x5u`, `jwk`,
// `x5c`) is ever looked at. For the check of each request see TokenVerifier.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "gateway/auth/jwt/claims.hpp"
#include "gateway/auth/jwt/jwks.hpp"

namespace slipway::jwt {

struct TrustedIssuer {
  Issuer rules;
  std::shared_ptr<const KeySet> keys;  // null: not fetched yet
  Time keys_until{};                   // from then on the keys are too old to be trusted
};

// Everything that a verdict depends on but the token and the time. An immutable snapshot.
struct Trust {
  std::vector<TrustedIssuer> issuers;
  std::uint64_t epoch = 0;  // another one whenever rules or keys have changed
};

// A token is at most 16 KiB. With `kid`, only keys of that name are tried; without it, those that
// fit the algorithm, four at most: each one that fails has cost a verification.
Verdict<Identity> verify_token(std::string_view token, const Trust& trust, Time now);

}  // namespace slipway::jwt

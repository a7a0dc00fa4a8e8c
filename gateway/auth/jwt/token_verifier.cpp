#include "gateway/auth/jwt/token_verifier.hpp"

#include <algorithm>
#include <utility>

namespace slipway::jwt {
namespace {

// The end of the token or of the keys that it was verified with, whichever comes first.
Time end_of(const Identity& identity, const Trust& trust) {
  for (const TrustedIssuer& issuer : trust.issuers)
    if (issuer.rules.name == identity.issuer)
      return std::min(identity.valid_until, issuer.keys_until);
  return Time::min();
}

}  // namespace

Verdict<std::shared_ptr<const Identity>> TokenVerifier::verify(std::string_view token,
                                                               const Trust& trust, Time now) {
  const TokenCache::Digest digest = cache_.digest_of(token);
  if (auto known = cache_.find(digest, trust.epoch, now)) return known;
  auto verdict = verify_token(token, trust, now);
  if (!verdict) return tl::unexpected(std::move(verdict.error()));
  auto identity = std::make_shared<const Identity>(*std::move(verdict));
  cache_.put(digest, trust.epoch, end_of(*identity, trust), identity);
  return identity;
}

}  // namespace slipway::jwt

#include "gateway/auth/jwt/token_verifier.hpp"

#include <gtest/gtest.h>

#include <string>

#include "gateway/auth/jwt/jwks_cache.hpp"
#include "gateway/auth/jwt/testing/signer.hpp"
#include "gateway/auth/jwt/testing/trust.hpp"

namespace slipway::jwt {
namespace {

using namespace std::chrono_literals;
using testing::claims;
using testing::kNow;
using testing::Signer;

const Signer& ed() {
  static const Signer signer = Signer::rfc8037();
  return signer;
}
std::string token(std::string_view more = "") {
  return ed().token(Algorithm::EdDSA, claims(more), "ed");
}
Trust trust() {
  return testing::trust_in(testing::key_set(ed().jwk(R"("kid":"ed",)")));
}

TEST(TokenVerifier, RemembersWhomATokenBelongsTo) {
  TokenVerifier verifier;
  const auto first = verifier.verify(token(), trust(), kNow);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ((*first)->subject, "ann");
  EXPECT_EQ(verifier.verify(token(), trust(), kNow).value(), *first) << "the same object";
  EXPECT_NE(verifier.verify(token(R"(,"x":1)"), trust(), kNow).value(), *first);
}

TEST(TokenVerifier, ForgetsAToken_WhenItEnds) {
  TokenVerifier verifier;
  ASSERT_TRUE(verifier.verify(token(), trust(), kNow));
  EXPECT_TRUE(verifier.verify(token(), trust(), kNow + 630s - 1ms));
  EXPECT_EQ(verifier.verify(token(), trust(), kNow + 630s).error().why, Why::Expired);
}

TEST(TokenVerifier, ForgetsAToken_WhenKeysOrRulesChange) {
  TokenVerifier verifier;
  ASSERT_TRUE(verifier.verify(token(), trust(), kNow));
  Trust without = testing::trust_in(testing::key_set(""));
  without.epoch = 2;
  EXPECT_EQ(verifier.verify(token(), without, kNow).error().why, Why::UnknownKey);
}

TEST(TokenVerifier, ForgetsAToken_WhenItsKeysAreTooOld) {
  TokenVerifier verifier;
  Trust aging = trust();
  aging.issuers[0].keys_until = kNow + 1s;
  ASSERT_TRUE(verifier.verify(token(), aging, kNow));
  EXPECT_EQ(verifier.verify(token(), aging, kNow + 1s).error().why, Why::KeysUnavailable);
}

TEST(TokenVerifier, RemembersNoRefusal) {
  TokenVerifier verifier;
  Trust without = testing::trust_in(testing::key_set(""));
  EXPECT_FALSE(verifier.verify(token(), without, kNow));
  EXPECT_TRUE(verifier.verify(token(), trust(), kNow));
}

TEST(TokenCache, KeepsTheTokensThatAreUsed) {
  TokenCache cache(64);
  const auto identity = std::make_shared<const Identity>();
  const auto hot = cache.digest_of("hot");
  cache.put(hot, 1, kNow, identity);
  std::size_t found = 0;
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(cache.find(hot, 1, kNow - 1ms), identity);
    cache.put(cache.digest_of(std::to_string(i)), 1, kNow, identity);
  }
  for (int i = 0; i < 10'000; ++i)
    found += cache.find(cache.digest_of(std::to_string(i)), 1, kNow - 1ms) ? 1 : 0;
  EXPECT_LT(found, 64U);
  EXPECT_GT(found, 32U);
}

TEST(TokenCache, PutsATokenInPlaceOfItself) {
  TokenCache cache(8);
  const auto digest = cache.digest_of("token");
  cache.put(digest, 1, kNow, std::make_shared<const Identity>());
  const auto newer = std::make_shared<const Identity>();
  cache.put(digest, 2, kNow + 1s, newer);
  EXPECT_EQ(cache.find(digest, 2, kNow), newer);
  EXPECT_EQ(cache.find(digest, 1, kNow), nullptr);
}

// The life of an issuer: keys change, the issuer goes down, and comes back.
TEST(TokenVerifier, FollowsItsIssuer) {
  const Signer next = Signer::make(KeyType::Ed25519);
  const std::string old_key = ed().jwk(R"("kid":"ed",)");
  const std::string new_key = next.jwk(R"("kid":"next",)");
  const std::string new_token = next.token(Algorithm::EdDSA, claims(), "next");
  JwksCache cache({.max_age = 2min});
  TokenVerifier verifier;
  const auto answer = [&](const std::string& jwks, Time now) {
    for (const auto& fetch : cache.take_due(now))
      cache.fetched(fetch, *parse_jwks(testing::key_set(jwks)), now);
  };
  const auto verdict = [&](std::string_view which, Time now) {
    const auto identity = verifier.verify(which, *cache.trust(), now);
    if (identity) return "accepted";
    cache.missed(identity.error().stale_issuer);
    return to_string(identity.error().why);
  };
  cache.set_issuers({{testing::rules(), "https://issuer.example.test/keys"}});
  EXPECT_STREQ(verdict(token(), kNow), "KeysUnavailable");
  answer(old_key, kNow);
  EXPECT_STREQ(verdict(token(), kNow), "accepted");
  EXPECT_STREQ(verdict(new_token, kNow + 1s), "UnknownKey");
  EXPECT_EQ(cache.next_due(), kNow + 30s);
  answer(old_key + "," + new_key, kNow + 30s);
  EXPECT_STREQ(verdict(token(), kNow + 30s), "accepted");
  EXPECT_STREQ(verdict(new_token, kNow + 30s), "accepted");

  cache.missed(testing::kIssuer);
  cache.failed(cache.take_due(kNow + 1min).at(0), kNow + 1min);
  EXPECT_STREQ(verdict(token(), kNow + 2min), "accepted");
  EXPECT_STREQ(verdict(token(), kNow + 30s + 2min), "KeysUnavailable");
  answer(new_key, kNow + 4min);
  EXPECT_STREQ(verdict(new_token, kNow + 4min), "accepted");
  EXPECT_STREQ(verdict(token(), kNow + 4min), "UnknownKey");
}

}  // namespace
}  // namespace slipway::jwt

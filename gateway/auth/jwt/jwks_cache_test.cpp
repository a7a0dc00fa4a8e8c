#include "gateway/auth/jwt/jwks_cache.hpp"

#include <gtest/gtest.h>

#include <string>

#include "gateway/auth/jwt/testing/signer.hpp"
#include "gateway/auth/jwt/testing/trust.hpp"

namespace slipway::jwt {
namespace {

using namespace std::chrono_literals;
using testing::kNow;
using testing::Signer;

IssuerSource source(const char* name, const char* url = "https://issuer.example.test/keys") {
  IssuerSource source{testing::rules(), url};
  source.rules.name = name;
  return source;
}

KeySet keys(const std::string& jwks) {
  return *parse_jwks(testing::key_set(jwks));
}
const std::string& first() {
  static const std::string jwk = Signer::make(KeyType::P256).jwk(R"("kid":"1",)");
  return jwk;
}
const std::string& second() {
  static const std::string jwk = Signer::make(KeyType::P256).jwk(R"("kid":"2",)");
  return jwk;
}

// A cache of one issuer whose keys were fetched at kNow.
class JwksCacheTest : public ::testing::Test {
 protected:
  JwksCacheTest() {
    cache.set_issuers({source("a")});
    cache.fetched(cache.take_due(kNow).at(0), keys(first()), kNow);
  }
  const TrustedIssuer& issuer() const { return cache.trust()->issuers.at(0); }
  std::size_t due(Time now) { return cache.take_due(now).size(); }

  JwksCache cache;
};

TEST_F(JwksCacheTest, FetchesAtOnce_WhenAnIssuerIsNew) {
  JwksCache fresh;
  EXPECT_EQ(fresh.next_due(), std::nullopt);
  EXPECT_TRUE(fresh.trust()->issuers.empty());
  fresh.set_issuers({source("a"), source("b", "https://b.example.test")});
  EXPECT_LE(fresh.next_due(), kNow);
  EXPECT_EQ(fresh.trust()->issuers.at(0).keys, nullptr);
  const auto fetches = fresh.take_due(kNow);
  ASSERT_EQ(fetches.size(), 2U);
  EXPECT_EQ(fetches[1].issuer, "b");
  EXPECT_EQ(fetches[1].url, "https://b.example.test");
}

TEST_F(JwksCacheTest, FetchesByAge) {
  EXPECT_EQ(cache.next_due(), kNow + 10min);
  EXPECT_EQ(due(kNow + 10min - 1ms), 0U);
  EXPECT_EQ(due(kNow + 10min), 1U);
}

TEST_F(JwksCacheTest, HasOneFetchUnderWay) {
  const auto fetch = cache.take_due(kNow + 10min).at(0);
  cache.missed("a");
  EXPECT_EQ(due(kNow + 2h), 0U);
  EXPECT_EQ(cache.next_due(), std::nullopt);
  cache.fetched(fetch, keys(first()), kNow + 2h);
  EXPECT_EQ(due(kNow + 2h), 1U);  // the key may be newer than the answer
}

TEST_F(JwksCacheTest, FetchesOnceInAWhile_HoweverManyKeysAreUnknown) {
  int fetches = 0;
  for (Time now = kNow; now < kNow + 5min; now += 100ms) {
    cache.missed("a");
    for (const auto& fetch : cache.take_due(now)) {
      ++fetches;
      cache.fetched(fetch, keys(first()), now + 50ms);
    }
  }
  EXPECT_EQ(fetches, 9);  // from 30 s on, every 30 s
}

TEST_F(JwksCacheTest, ForgetsAMiss_WhenItHasFetched) {
  cache.missed("a");
  cache.fetched(cache.take_due(kNow + 30s).at(0), keys(first()), kNow + 31s);
  EXPECT_EQ(cache.next_due(), kNow + 31s + 10min);
}

TEST_F(JwksCacheTest, IgnoresMissesOfOthers) {
  cache.missed("b");
  EXPECT_EQ(cache.next_due(), kNow + 10min);
}

TEST_F(JwksCacheTest, TakesANewSetAndDropsWhatIsNotInIt) {
  const auto before = cache.trust();
  cache.fetched(cache.take_due(kNow + 10min).at(0), keys(first() + "," + second()), kNow + 10min);
  EXPECT_EQ(issuer().keys->keys.size(), 2U);
  EXPECT_NE(cache.trust()->epoch, before->epoch);
  cache.fetched(cache.take_due(kNow + 20min).at(0), keys(second()), kNow + 20min);
  ASSERT_EQ(issuer().keys->keys.size(), 1U);
  EXPECT_EQ(issuer().keys->keys[0].id, "2");
  EXPECT_EQ(before->issuers[0].keys->keys[0].id, "1") << "snapshots do not change";
}

TEST_F(JwksCacheTest, KeepsTheEpoch_WhenTheSetIsTheSame) {
  const auto before = cache.trust();
  cache.fetched(cache.take_due(kNow + 10min).at(0), keys(first()), kNow + 10min);
  EXPECT_EQ(cache.trust()->epoch, before->epoch);
  EXPECT_EQ(issuer().keys, before->issuers[0].keys);
  EXPECT_EQ(issuer().keys_until, kNow + 10min + 24h);
}

TEST_F(JwksCacheTest, ServesTheLastGoodSet_WhileTheIssuerIsDown) {
  Time now = kNow;
  int tries = 0;
  while (now < kNow + 23h) {
    now = *cache.next_due();
    cache.failed(cache.take_due(now).at(0), now);
    ++tries;
    ASSERT_EQ(issuer().keys->keys.size(), 1U);
  }
  EXPECT_EQ(issuer().keys_until, kNow + 24h);
  EXPECT_LT(tries, 24 * 60);
}

TEST_F(JwksCacheTest, WaitsLongerWithEachFailure) {
  Time now = kNow + 10min;
  std::vector<Duration> waits;
  for (int i = 0; i < 9; ++i) {
    cache.failed(cache.take_due(now).at(0), now);
    waits.push_back(*cache.next_due() - now);
    now = *cache.next_due();
  }
  EXPECT_EQ(waits, (std::vector<Duration>{1s, 2s, 4s, 8s, 16s, 32s, 1min, 1min, 1min}));
  cache.fetched(cache.take_due(now).at(0), keys(first()), now);
  EXPECT_EQ(cache.next_due(), now + 10min);
  now += 10min;
  cache.failed(cache.take_due(now).at(0), now);
  EXPECT_EQ(cache.next_due(), now + 1s);
}

TEST_F(JwksCacheTest, KeepsTheKeysOfIssuersThatStay) {
  const auto before = cache.trust();
  cache.set_issuers({source("b"), source("a")});
  EXPECT_EQ(cache.trust()->issuers.at(1).keys, before->issuers[0].keys);
  EXPECT_NE(cache.trust()->epoch, before->epoch) << "rules may have changed";
  const auto fetches = cache.take_due(kNow);
  ASSERT_EQ(fetches.size(), 1U);
  EXPECT_EQ(fetches[0].issuer, "b");
}

TEST_F(JwksCacheTest, ForgetsKeys_WhenTheirPlaceChanges) {
  const auto old = cache.take_due(kNow + 10min).at(0);
  cache.set_issuers({source("a", "https://elsewhere.example.test")});
  EXPECT_EQ(issuer().keys, nullptr);
  cache.fetched(old, keys(second()), kNow + 10min);
  cache.failed(old, kNow + 10min);
  EXPECT_EQ(issuer().keys, nullptr) << "an answer from the old place";
  EXPECT_EQ(cache.take_due(kNow + 10min).at(0).url, "https://elsewhere.example.test");
}

TEST_F(JwksCacheTest, TakesAnEmptySetForWhatItSays) {
  cache.fetched(cache.take_due(kNow + 10min).at(0), keys(""), kNow + 10min);
  EXPECT_TRUE(issuer().keys->keys.empty());
}

TEST_F(JwksCacheTest, TakesEachAnswerOnce) {
  const auto fetch = cache.take_due(kNow + 10min).at(0);
  cache.failed(fetch, kNow + 10min);
  cache.fetched(fetch, keys(second()), kNow + 10min);
  EXPECT_EQ(issuer().keys->keys[0].id, "1");
}

}  // namespace
}  // namespace slipway::jwt

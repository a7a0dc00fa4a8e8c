#include <gtest/gtest.h>

#include "gateway/picking/outlier.hpp"
#include "gateway/picking/pick.hpp"
#include "gateway/picking/pool.hpp"
#include "gateway/picking/retry_budget.hpp"

namespace slipway::gateway {
namespace {

using std::chrono::seconds;

Pool pool_of(std::uint64_t endpoints) {
  std::vector<EndpointFacts> facts;
  for (std::uint64_t id = 1; id <= endpoints; ++id)
    facts.push_back({.id = id, .slots = 100, .ready = true});
  Pool pool;
  pool.update(facts);
  return pool;
}

void answer(Pool& pool, std::uint64_t endpoint, Attempt attempt, Instant now, int times = 1) {
  for (int i = 0; i < times; ++i) {
    Flight flight{.endpoint = endpoint};
    pool.sent({}, flight, now);
    pool.finished(flight, attempt, now);
  }
}

std::size_t ejected(const Pool& pool, Instant now) {
  std::size_t out = 0;
  for (const Endpoint& endpoint : pool.endpoints()) out += endpoint.health.ejected(now) ? 1 : 0;
  return out;
}

TEST(Outliers, AreEjectedAfterFiveFailuresInARow) {
  Pool pool = pool_of(4);
  answer(pool, 1, Attempt::Failed, seconds(1), 4);
  answer(pool, 1, Attempt::Succeeded, seconds(1));
  answer(pool, 1, Attempt::Failed, seconds(1), 4);
  EXPECT_EQ(ejected(pool, seconds(1)), 0U);
  answer(pool, 1, Attempt::Failed, seconds(1));
  EXPECT_TRUE(pool.endpoints()[0].health.ejected(seconds(1)));
  for (std::uint64_t i = 0; i < 100; ++i)
    EXPECT_NE(pick({.random = i}, pool, seconds(2))->flight.endpoint, 1U);
  EXPECT_FALSE(pool.endpoints()[0].health.ejected(seconds(31)));
}

TEST(Outliers, StayOutLongerEachTimeAndAreForgivenInTheEnd) {
  Health health;
  eject(health, seconds(0));
  EXPECT_EQ(health.ejected_until, seconds(30));
  eject(health, seconds(30));
  EXPECT_EQ(health.ejected_until, seconds(90));
  eject(health, seconds(90));
  EXPECT_EQ(health.ejected_until, seconds(180));
  eject(health, seconds(180 + 65));  // two of three are forgotten
  EXPECT_EQ(health.ejected_until, seconds(245 + 60));
  for (int i = 0; i < 50; ++i) eject(health, health.ejected_until);
  const Instant before = health.ejected_until;
  eject(health, before);
  EXPECT_EQ(health.ejected_until - before, seconds(300)) << "at most ten times";
}

class EjectionCap : public testing::TestWithParam<std::pair<std::size_t, std::size_t>> {};

TEST_P(EjectionCap, HoldsWhenEverythingFails) {
  const auto [endpoints, most] = GetParam();
  Pool pool = pool_of(endpoints);
  for (std::uint64_t id = 1; id <= endpoints; ++id)
    answer(pool, id, Attempt::Failed, seconds(1), 20);
  EXPECT_EQ(ejected(pool, seconds(1)), most);
  EXPECT_TRUE(pick({}, pool, seconds(1)));
}

INSTANTIATE_TEST_SUITE_P(Pools, EjectionCap,
                         testing::Values(std::pair{1, 0}, std::pair{2, 1}, std::pair{3, 1},
                                         std::pair{7, 2}, std::pair{10, 3}, std::pair{20, 6}));

TEST(Outliers, StandOutByTheirRateOfSuccess) {
  Pool pool = pool_of(8);
  for (int round = 0; round < 100; ++round)
    for (std::uint64_t id = 1; id <= 8; ++id)
      answer(pool, id, id == 3 && round % 4 != 0 ? Attempt::Failed : Attempt::Succeeded,
             seconds(1));
  EXPECT_EQ(ejected(pool, seconds(1)), 0U) << "never five in a row";
  pool.close_window(seconds(10));
  EXPECT_TRUE(pool.endpoints()[2].health.ejected(seconds(10)));
  EXPECT_EQ(ejected(pool, seconds(10)), 1U);
}

TEST(Outliers, DoNotCountInPanic) {
  Pool pool = pool_of(10);
  for (std::uint64_t id = 1; id <= 3; ++id) answer(pool, id, Attempt::Failed, seconds(1), 5);
  EXPECT_EQ(ejected(pool, seconds(1)), 3U);
  // All but one of those that are left go away: three of four are ejected.
  std::vector<EndpointFacts> left;
  for (std::uint64_t id = 1; id <= 4; ++id) left.push_back({.id = id, .slots = 2, .ready = true});
  pool.update(left);
  const auto picked = pick({}, pool, seconds(2));
  ASSERT_TRUE(picked);
  EXPECT_TRUE(picked->panic);
  answer(pool, 4, Attempt::Failed, seconds(2), 4);
  Flight busy{.endpoint = 4, .held = 1000};
  pool.sent({}, busy, seconds(2));
  EXPECT_NE(pick({}, pool, seconds(2))->flight.endpoint, 4U) << "load counts, ejections do not";
}

TEST(RetryBudget, HoldsAmplificationWhenAllEndpointsFail) {
  for (const int concurrent : {1, 10, 500}) {
    RetryBudget budget;
    double requests = 0, attempts = 0;
    for (int round = 0; round < 10'000 / concurrent; ++round) {
      for (int i = 0; i < concurrent; ++i) budget.begin();
      for (int i = 0; i < concurrent; ++i) {
        ++requests;
        ++attempts;
        for (int retry = 0; retry < 2 && budget.try_retry(false); ++retry) {
          ++attempts;
          budget.retry_ended();
        }
      }
      for (int i = 0; i < concurrent; ++i) budget.end();
    }
    EXPECT_LE(attempts / requests, 1.2 + RetryBudget::kReserve / requests) << concurrent;
    EXPECT_GE(attempts / requests, 1.05) << concurrent;
  }
}

TEST(RetryBudget, AllowsThreeAtATimeOfFewAndAFifthOfMany) {
  RetryBudget few;
  few.begin();
  int retries = 0;
  while (few.try_retry(false)) ++retries;
  EXPECT_EQ(retries, 3);
  RetryBudget many;
  for (int i = 0; i < 100; ++i) many.begin();
  retries = 0;
  while (many.try_retry(false)) ++retries;
  EXPECT_NEAR(retries, 20, 3);
}

TEST(RetryBudget, NeverRetriesAfterTheFirstByte) {
  RetryBudget budget;
  budget.begin();
  EXPECT_FALSE(budget.try_retry(true));
  EXPECT_TRUE(budget.try_retry(false));
}

}  // namespace
}  // namespace slipway::gateway

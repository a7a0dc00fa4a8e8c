#include "gateway/picking/pool.hpp"

#include <gtest/gtest.h>

#include "gateway/picking/rendezvous.hpp"

namespace slipway::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Pool pool_of(std::uint64_t endpoints) {
  std::vector<EndpointFacts> facts;
  for (std::uint64_t id = 1; id <= endpoints; ++id)
    facts.push_back({.id = id, .slots = 64, .ready = true});
  Pool pool;
  pool.update(facts);
  return pool;
}

Flight sent(Pool& pool, std::uint64_t endpoint, double tokens, Instant now = seconds(1)) {
  Flight flight{.endpoint = endpoint, .to_compute = tokens, .held = tokens + 100};
  pool.sent({}, flight, now);
  return flight;
}

TEST(Pool, CountsARequestFromSendingToItsEnd) {
  Pool pool = pool_of(1);
  const Endpoint& endpoint = pool.endpoints()[0];
  Flight flight = sent(pool, 1, 500);
  EXPECT_EQ(endpoint.own.requests, 1);
  EXPECT_EQ(endpoint.own.to_compute, 500);
  EXPECT_EQ(endpoint.own.held, 600);
  pool.first_byte(flight, seconds(2));
  EXPECT_EQ(endpoint.own.to_compute, 0);
  EXPECT_EQ(endpoint.own.held, 600);
  EXPECT_DOUBLE_EQ(endpoint.pace, 1.0 / 500);
  pool.finished(flight, Attempt::Succeeded, seconds(3));
  EXPECT_EQ(endpoint.own.requests, 0);
  EXPECT_EQ(endpoint.own.held, 0);
}

TEST(Pool, IsEvenAfterARequestThatNeverAnswered) {
  Pool pool = pool_of(1);
  Flight flight = sent(pool, 1, 500);
  pool.finished(flight, Attempt::Failed, seconds(3));
  EXPECT_EQ(pool.endpoints()[0].own.requests, 0);
  EXPECT_EQ(pool.endpoints()[0].own.to_compute, 0);
  EXPECT_EQ(pool.endpoints()[0].unanswered, 0U);
}

TEST(Pool, AddsOwnRequestsToWhatAScrapeSaid) {
  Pool pool = pool_of(1);
  (void)sent(pool, 1, 500);
  pool.scraped(1, {.queued = 2, .running = 4, .at = seconds(1)});
  EXPECT_EQ(pool.endpoints()[0].load(seconds(1)).requests, 6) << "five of them are others'";
  (void)sent(pool, 1, 500);
  EXPECT_EQ(pool.endpoints()[0].load(seconds(1)).requests, 7) << "at once, before the next scrape";
  EXPECT_EQ(pool.endpoints()[0].load(seconds(3)).requests, 2) << "too old: ours alone";
}

TEST(Pool, KeepsWhatItKnowsOfEndpointsThatStay) {
  Pool pool = pool_of(3);
  Flight stays = sent(pool, 2, 500);
  Flight goes = sent(pool, 1, 500);
  const EndpointFacts facts[] = {{.id = 2, .slots = 64, .ready = true, .terminating = true},
                                 {.id = 4, .slots = 64, .ready = true}};
  pool.update(facts);
  ASSERT_EQ(pool.endpoints().size(), 2U);
  EXPECT_EQ(pool.endpoints()[0].own.requests, 1);
  EXPECT_TRUE(pool.endpoints()[0].facts.terminating);
  EXPECT_EQ(pool.endpoints()[1].own.requests, 0);
  pool.first_byte(goes, seconds(2));
  pool.finished(goes, Attempt::Succeeded, seconds(2));
  pool.finished(stays, Attempt::Succeeded, seconds(2));
  EXPECT_EQ(pool.endpoints()[0].own.requests, 0);
}

TEST(Pool, TakesOtherGatewaysWordOverMetrics) {
  Pool here = pool_of(2);
  Pool there = pool_of(2);
  here.spread_over(2);
  there.spread_over(2);
  (void)sent(there, 1, 700);
  here.absorb(9, there.digest(0), seconds(1));
  here.scraped(1, {.queued = 50, .at = seconds(1)});
  EXPECT_EQ(here.endpoints()[0].load(seconds(1)).requests, 1);
  EXPECT_EQ(here.endpoints()[0].load(seconds(1)).to_compute, 700);
  EXPECT_EQ(here.endpoints()[1].load(seconds(1)).requests, 0);
  here.scraped(1, {.queued = 50, .at = seconds(5)});
  EXPECT_EQ(here.endpoints()[0].load(seconds(5)).requests, 50) << "nothing heard for too long";
}

TEST(Pool, WaitsForEveryGatewayBeforeItBelievesTheirSum) {
  Pool here = pool_of(1);
  here.spread_over(3);
  Pool there = pool_of(1);
  here.scraped(1, {.queued = 50, .at = seconds(1)});
  here.absorb(1, there.digest(0), seconds(1));
  EXPECT_EQ(here.endpoints()[0].load(seconds(1)).requests, 50);
  here.absorb(2, there.digest(0), seconds(1));
  EXPECT_EQ(here.endpoints()[0].load(seconds(1)).requests, 0);
}

TEST(Pool, LearnsWhereOthersSentAPrefix) {
  Pool here = pool_of(2);
  Pool there = pool_of(2);
  std::vector<std::uint64_t> chain;
  for (std::uint64_t i = 1; i <= 40; ++i) chain.push_back(mix(i));
  Flight flight{.endpoint = 2};
  there.sent(there.look_up(chain, 700), flight, seconds(1));
  EXPECT_EQ(here.look_up(chain, 700).known, 0);
  here.absorb(9, there.digest(0), seconds(1));
  const Prefix prefix = here.look_up(chain, 700);
  EXPECT_EQ(prefix.last, 2U);
  EXPECT_GT(prefix.known, 500);
}

}  // namespace
}  // namespace slipway::gateway

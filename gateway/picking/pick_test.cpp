#include "gateway/picking/pick.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>

#include "gateway/picking/prefix_chain.hpp"
#include "gateway/picking/rendezvous.hpp"
#include "gateway/picking/testing/links.hpp"

namespace slipway::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kAdapter = 1;

std::vector<EndpointFacts> facts_of(std::uint64_t endpoints, std::uint32_t slots = 256) {
  std::vector<EndpointFacts> facts;
  for (std::uint64_t id = 1; id <= endpoints; ++id)
    facts.push_back({.id = id, .slots = slots, .ready = true});
  return facts;
}

Pool pool_of(const std::vector<EndpointFacts>& facts) {
  Pool pool;
  pool.update(facts);
  return pool;
}

struct FilterCase {
  const char* name;
  std::vector<EndpointFacts> endpoints;
  std::uint64_t adapter;
  std::vector<std::uint64_t> tried;
  std::set<std::uint64_t> picked;  // all that can be picked
  NoPick otherwise = NoPick::Empty;
};

class Filter : public testing::TestWithParam<FilterCase> {};

TEST_P(Filter, LeavesOnlyWhatMayBePicked) {
  const FilterCase& given = GetParam();
  const Pool pool = pool_of(given.endpoints);
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < 200; ++i) {
    const Ask ask{.adapter = given.adapter, .random = mix(i), .tried = given.tried};
    const auto picked = pick(ask, pool, seconds(1));
    if (picked) {
      seen.insert(picked->flight.endpoint);
    } else {
      EXPECT_EQ(picked.error(), given.otherwise);
    }
  }
  EXPECT_EQ(seen, given.picked);
}

INSTANTIATE_TEST_SUITE_P(
    Endpoints, Filter,
    testing::Values(
        FilterCase{"empty", {}, 0, {}, {}, NoPick::Empty},
        FilterCase{"ready", facts_of(3), 0, {}, {1, 2, 3}},
        FilterCase{"not_ready", {{.id = 1}, {.id = 2}}, 0, {}, {}, NoPick::NotReady},
        FilterCase{"terminating_but_ready",
                   {{.id = 1, .ready = true, .terminating = true}, {.id = 2, .ready = true}},
                   0,
                   {},
                   {2}},
        FilterCase{"all_terminating",
                   {{.id = 1, .ready = true, .terminating = true}},
                   0,
                   {},
                   {},
                   NoPick::NotReady},
        FilterCase{"adapter",
                   {{.id = 1, .ready = true}, {.id = 2, .ready = true, .adapters = kAdapter}},
                   kAdapter,
                   {},
                   {2}},
        FilterCase{"no_adapter", facts_of(2), kAdapter, {}, {}, NoPick::NoAdapter},
        FilterCase{"tried", facts_of(3), 0, {1, 3}, {2}},
        FilterCase{"all_tried", facts_of(2), 0, {1, 2}, {}, NoPick::AllTried}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(Pick, IsRefusedWhenEveryEndpointIsAtItsLimit) {
  Pool pool = pool_of(facts_of(2, 3));
  int sent = 0;
  for (;; ++sent) {
    auto picked = pick({.random = mix(static_cast<std::uint64_t>(sent))}, pool, seconds(1));
    if (!picked) {
      EXPECT_EQ(picked.error(), NoPick::AllBusy);
      break;
    }
    pool.sent({}, picked->flight, seconds(1));
  }
  EXPECT_EQ(sent, 2 * 3 * 2) << "twice the slots of each";
}

struct Sent {
  Flight flight;
  Reason reason = Reason::LeastLoaded;
};

Sent send(Pool& pool, const std::vector<std::uint64_t>& chain, Instant now, std::uint64_t random,
          std::uint32_t tokens = 1000) {
  const Prefix prefix = pool.look_up(chain, tokens);
  auto picked = pick({.prefix = prefix, .answer_tokens = 200, .random = random}, pool, now);
  EXPECT_TRUE(picked);
  pool.sent(prefix, picked->flight, now);
  return {picked->flight, picked->reason};
}

enum class Prompts { Same, AllDifferent, FewConversations };
class Burst : public testing::TestWithParam<Prompts> {};

// All at one moment, before any news of an engine.
TEST_P(Burst, IsSpreadOverIdleEndpoints) {
  Pool pool = pool_of(facts_of(4));
  for (std::uint64_t id = 1; id <= 4; ++id) pool.scraped(id, {.at = seconds(1)});
  std::map<std::uint64_t, double> requests;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint64_t who = GetParam() == Prompts::Same           ? 0
                              : GetParam() == Prompts::AllDifferent ? i
                                                                    : i % 100;
    const auto chain = links_of(std::to_string(who) + std::string(3600, 'x'));
    ++requests[send(pool, chain, seconds(1), mix(i)).flight.endpoint];
  }
  double most = 0;
  for (const auto& [id, count] : requests) most = std::max(most, count);
  EXPECT_LE(most / 250, 1.15);
}

INSTANTIATE_TEST_SUITE_P(Prompts, Burst,
                         testing::Values(Prompts::Same, Prompts::AllDifferent,
                                         Prompts::FewConversations));

TEST(Pick, SendsTheNextTurnWhereTheFirstWent) {
  Pool pool = pool_of(facts_of(8));
  for (std::uint64_t i = 0; i < 200; ++i) {
    const std::string first = std::to_string(i) + std::string(8000, 'a');
    Sent before = send(pool, links_of(first), seconds(1), mix(i), 2200);
    pool.finished(before.flight, Attempt::Succeeded, seconds(1));
    const Sent after = send(pool, links_of(first + std::string(4000, 'b')), seconds(2), 0, 3300);
    EXPECT_EQ(after.flight.endpoint, before.flight.endpoint);
    EXPECT_EQ(after.reason, Reason::Known);
    EXPECT_LT(after.flight.to_compute, 1500) << "the rest is in its cache";
  }
}

TEST(Pick, LeavesACacheThatTooMuchWaitsAt) {
  Pool pool = pool_of(facts_of(4));
  const auto chain = links_of(std::string(3600, 'a'));
  const std::uint64_t warm = send(pool, chain, seconds(1), 1).flight.endpoint;
  Flight long_prompt{.endpoint = warm, .to_compute = 100'000, .held = 100'000};
  pool.sent({}, long_prompt, seconds(1));
  const Sent away = send(pool, chain, seconds(1), 2);
  EXPECT_NE(away.flight.endpoint, warm);
  EXPECT_EQ(away.reason, Reason::LeastLoaded);
}

TEST(Pick, GatewaysAgreeOnHomeAndSecondHome) {
  // Idle pools: every gateway sends an unknown prefix home. One endpoint over the bound: all send
  // it to the same second home.
  for (std::uint64_t key = 1; key <= 100; ++key) {
    std::set<std::uint64_t> homes, seconds_homes;
    for (std::uint64_t gateway = 0; gateway < 4; ++gateway) {
      Pool pool = pool_of(facts_of(8));
      pool.spread_over(4);
      const std::vector<std::uint64_t> chain{mix(key)};
      Prefix prefix = pool.look_up(chain, 1000);
      const PickRules any_wait{.bound = 1.25, .unknown = 1e9};
      prefix.known = 0;
      // Half of what this gateway gets is known to it, so others are likely to have sent the rest.
      for (std::uint64_t i = 0; i < 100; ++i) {
        const std::vector<std::uint64_t> other{mix(1000 + i / 2)};
        Flight flight{.endpoint = 1 + i % 8};
        pool.sent(pool.look_up(other, 10), flight, seconds(1));
        pool.finished(flight, Attempt::Succeeded, seconds(1));
      }
      const Ask ask{.prefix = prefix, .random = mix(gateway)};
      const auto home = pick(ask, pool, seconds(1), any_wait);
      homes.insert(home->flight.endpoint);
      EXPECT_EQ(home->reason, Reason::Home);
      for (int i = 0; i < 10; ++i) {
        Flight flight{.endpoint = home->flight.endpoint};
        pool.sent({}, flight, seconds(1));
      }
      const auto spilt = pick(ask, pool, seconds(1), any_wait);
      EXPECT_EQ(spilt->reason, Reason::SecondHome);
      seconds_homes.insert(spilt->flight.endpoint);
    }
    EXPECT_EQ(homes.size(), 1U);
    EXPECT_EQ(seconds_homes.size(), 1U);
    EXPECT_NE(homes, seconds_homes);
  }
}

TEST(Pick, GivesBiggerEndpointsMore) {
  std::vector<EndpointFacts> facts = facts_of(4, 100);
  facts[0].slots = 400;
  Pool pool = pool_of(facts);
  std::map<std::uint64_t, double> requests;
  for (std::uint64_t i = 0; i < 700; ++i)
    ++requests[send(pool, links_of(std::to_string(i) + std::string(2000, 'x')), seconds(1), mix(i))
                   .flight.endpoint];
  EXPECT_NEAR(requests[1] / 700, 4.0 / 7, 0.05);
}

struct FrozenCase {
  const char* name;
  Instant scraped;  // of every endpoint; the first seemed idle then, the others full
  bool believed;
};
class FrozenMetrics : public testing::TestWithParam<FrozenCase> {};

TEST_P(FrozenMetrics, GiveWayToOwnRequests) {
  Pool pool = pool_of(facts_of(4));
  for (std::uint64_t id = 1; id <= 4; ++id)
    pool.scraped(id, {.queued = id == 1 ? 0U : 50U, .running = 0, .at = GetParam().scraped});
  std::map<std::uint64_t, int> requests;
  for (std::uint64_t i = 0; i < 40; ++i)
    ++requests[send(pool, {}, seconds(100), mix(i)).flight.endpoint];
  EXPECT_EQ(requests[1] == 40, GetParam().believed) << requests[1];
  if (!GetParam().believed) {
    EXPECT_EQ(requests[1], 10) << "evenly, on local load";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ages, FrozenMetrics,
    testing::Values(FrozenCase{"fresh", seconds(100) - milliseconds(200), true},
                    FrozenCase{"three_scrapes_old", seconds(100) - milliseconds(600), true},
                    FrozenCase{"frozen", seconds(60), false}),
    [](const auto& tested) { return std::string(tested.param.name); });

// Scenario: one system prompt of 8 KB, many users, each of whom comes back. Caches are as large as
// they need to be; 64 requests are under way at a time.
TEST(Pick, SpreadsUsersOfOneSystemPromptAndKeepsEachWarm) {
  Pool pool = pool_of(facts_of(8));
  const std::string system(8192, 's');
  std::map<std::uint64_t, std::set<std::uint64_t>> caches;
  std::map<std::uint64_t, double> requests;
  std::set<std::uint64_t> everything;
  std::vector<Flight> flights;
  double hits = 0, ideal = 0;
  std::mt19937_64 random(7);
  for (std::size_t i = 0; i < 8000; ++i) {
    const auto chain = links_of(system + "user " + std::to_string(random() % 800) +
                                std::string(3000, 'u') + std::to_string(i));
    const auto now = milliseconds(10 * i);
    flights.push_back(send(pool, chain, now, random(), 3000).flight);
    if (i >= 64) pool.finished(flights[i - 64], Attempt::Succeeded, now);
    const std::uint64_t where = flights.back().endpoint;
    ++requests[where];
    for (const std::uint64_t link : chain) {
      hits += caches[where].insert(link).second ? 0 : 1;
      ideal += everything.insert(link).second ? 0 : 1;
    }
  }
  double squares = 0;
  for (const auto& [id, count] : requests) squares += (count - 1000) * (count - 1000);
  EXPECT_LT(std::sqrt(squares / 8) / 1000, 0.2);
  EXPECT_GT(hits / ideal, 0.9);
}

}  // namespace
}  // namespace slipway::gateway

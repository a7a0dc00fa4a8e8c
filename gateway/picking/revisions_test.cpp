#include "gateway/picking/revisions.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <string>

#include "gateway/picking/rendezvous.hpp"

namespace slipway::gateway {
namespace {

constexpr std::uint64_t kKeys = 100'000;

std::size_t chosen(std::uint64_t key, std::span<const RevisionWeight> revisions) {
  return choose_revision(mix(key), revisions).value();
}

class CanaryTest : public testing::TestWithParam<std::pair<double, double>> {};

TEST_P(CanaryTest, KeepsTheWeightAndMovesNoMoreThanItMust) {
  const auto [before, after] = GetParam();
  const std::array<RevisionWeight, 2> old{{{1, 100 - before}, {2, before}}};
  const std::array<RevisionWeight, 2> next{{{1, 100 - after}, {2, after}}};
  double there = 0, forth = 0, back = 0;
  for (std::uint64_t key = 0; key < kKeys; ++key) {
    const bool was = chosen(key, old) == 1;
    const bool is = chosen(key, next) == 1;
    there += is ? 1 : 0;
    forth += !was && is ? 1 : 0;
    back += was && !is ? 1 : 0;
  }
  EXPECT_NEAR(there / kKeys, after / 100, 0.01);
  EXPECT_NEAR(std::max(forth, back) / kKeys, std::abs(after - before) / 100, 0.005);
  EXPECT_EQ(std::min(forth, back), 0) << "nobody moves against the change";
}

INSTANTIATE_TEST_SUITE_P(Weights, CanaryTest,
                         testing::Values(std::pair{5.0, 10.0}, std::pair{0.0, 1.0},
                                         std::pair{10.0, 50.0}, std::pair{50.0, 100.0},
                                         std::pair{90.0, 10.0}));

TEST(Revisions, KeepTheWeightOfTenThousandUsers) {
  const std::array<RevisionWeight, 2> revisions{{{11, 90}, {12, 10}}};
  double canary = 0;
  for (std::uint64_t user = 0; user < 10'000; ++user) {
    const std::string name = "user-" + std::to_string(user);
    canary += *choose_revision(sticky_key({.user = name}), revisions) == 1 ? 1 : 0;
  }
  EXPECT_NEAR(canary / 10'000, 0.1, 0.01);
}

TEST(Revisions, GiveNothingToWeightZero) {
  const std::array<RevisionWeight, 2> one{{{1, 0}, {2, 3}}};
  for (std::uint64_t key = 0; key < 1000; ++key) EXPECT_EQ(chosen(key, one), 1U);
  const std::array<RevisionWeight, 2> none{{{1, 0}, {2, 0}}};
  EXPECT_FALSE(choose_revision(1, none));
  EXPECT_FALSE(choose_revision(1, {}));
}

TEST(Revisions, DoNotDependOnTheirOrder) {
  const std::array<RevisionWeight, 3> there{{{1, 60}, {2, 30}, {3, 10}}};
  const std::array<RevisionWeight, 3> back{{{3, 10}, {2, 30}, {1, 60}}};
  for (std::uint64_t key = 0; key < 1000; ++key)
    EXPECT_EQ(there[chosen(key, there)].id, back[chosen(key, back)].id);
}

TEST(StickyKey, TakesTheMostBindingSourceThatIsThere) {
  const StickySources all{"h", "u", "k", 4, 5};
  EXPECT_EQ(sticky_key(all), sticky_key({.header = "h"}));
  EXPECT_EQ(sticky_key({"", "u", "k", 4, 5}), sticky_key({.user = "u"}));
  EXPECT_EQ(sticky_key({"", "", "k", 4, 5}), sticky_key({.key_id = "k"}));
  EXPECT_EQ(sticky_key({"", "", "", 4, 5}), 4U);
  EXPECT_EQ(sticky_key({"", "", "", 0, 5}), 5U);
}

// The home of every key among endpoints 1 to n.
std::uint64_t home(std::uint64_t key, std::uint64_t n) {
  std::uint64_t best = 1;
  for (std::uint64_t id = 2; id <= n; ++id)
    if (draw(mix(key), id) > draw(mix(key), best)) best = id;
  return best;
}

TEST(Rendezvous, MovesOnlyWhatANewEndpointTakes) {
  for (const std::uint64_t n : {4, 8, 16, 64}) {
    double moved = 0;
    for (std::uint64_t key = 0; key < 20'000; ++key) {
      if (home(key, n) == home(key, n + 1)) continue;
      EXPECT_EQ(home(key, n + 1), n + 1) << "keys move to the new endpoint and nowhere else";
      ++moved;
    }
    EXPECT_LT(moved / 20'000, 2.0 / static_cast<double>(n));
  }
}

TEST(Rendezvous, SpreadsKeysEvenly) {
  std::map<std::uint64_t, double> keys;
  for (std::uint64_t key = 0; key < 80'000; ++key) ++keys[home(key, 8)];
  for (const auto& [id, count] : keys) EXPECT_NEAR(count / 80'000, 1.0 / 8, 0.01) << id;
}

}  // namespace
}  // namespace slipway::gateway

#include "gateway/limits/lease.hpp"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>

#include "gateway/limits/admission.hpp"

namespace slipway::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct DivideCase {
  const char* name;
  std::vector<ReplicaDemand> replicas;
  std::vector<double> shares;  // of 100 a second
};
class Divide : public testing::TestWithParam<DivideCase> {};

TEST_P(Divide, GivesByDemand) {
  const auto shares = divide(100, GetParam().replicas);
  ASSERT_EQ(shares.size(), GetParam().shares.size());
  for (std::size_t i = 0; i < shares.size(); ++i)
    EXPECT_NEAR(shares[i], GetParam().shares[i], 1e-3) << "replica " << i;
}

INSTANTIATE_TEST_SUITE_P(
    Demands, Divide,
    testing::Values(
        DivideCase{"nobody", {}, {}}, DivideCase{"alone", {{300, 1}}, {1}},
        DivideCase{"idle", {{0, 0}, {0, 0}}, {0.5, 0.5}},
        DivideCase{"skewed", {{194, 0}, {2, 0}, {2, 0}, {2, 0}}, {0.94, 0.02, 0.02, 0.02}},
        DivideCase{"spare", {{40, 0}, {10, 0}}, {0.65, 0.35}},
        DivideCase{"a_new_one_can_start", {{500, 1}, {0, 0}}, {0.995, 0.005}},
        DivideCase{"one_is_silent", {{500, 0}, {std::nullopt, 0.4}}, {0.6, 0.4}},
        DivideCase{"all_are_silent", {{std::nullopt, 0.7}, {std::nullopt, 0.3}}, {0.7, 0.3}}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(Lease, NeverGivesMoreThanThereIs) {
  std::mt19937_64 random(5);
  for (int trial = 0; trial < 2000; ++trial) {
    std::vector<ReplicaDemand> replicas(1 + random() % 8);
    for (ReplicaDemand& replica : replicas) {
      replica.last_share = static_cast<double>(random() % 100) / 100;
      if (random() % 4 != 0) replica.per_second = static_cast<double>(random() % 300);
    }
    const auto shares = divide(100, replicas);
    for (const double share : shares) EXPECT_GE(share, 0);
    EXPECT_LE(std::accumulate(shares.begin(), shares.end(), 0.0), 1 + 1e-9);
  }
}

// Four replicas with one limit of 100,000 tokens a minute, and requests for half as much again.
class Replicas {
 public:
  explicit Replicas(std::vector<double> load) : load_(std::move(load)) {
    for (std::size_t i = 0; i < load_.size(); ++i) {
      limits_.emplace_back(LimitSpec{.tokens_per_minute = 100'000});
      shares_.push_back(1.0 / static_cast<double>(load_.size()));
      limits_.back().lease(shares_.back(), 4, Instant{});
    }
  }

  void load(std::vector<double> next) { load_ = std::move(next); }
  // Runs to `end`; replicas from `cut_off` on are partitioned away. Returns the tokens let in.
  double run(Instant end, std::size_t cut_off = SIZE_MAX) {
    double used = 0;
    for (; now_ < end; now_ += milliseconds(10)) {
      if (now_ % seconds(1) == Instant{}) divide_anew(cut_off);
      // 2500 tokens/s in requests of about 500 tokens: one in twenty steps of 10 ms.
      if (random_() % 20 == 0) used += ask();
    }
    return used;
  }

 private:
  void divide_anew(std::size_t cut_off) {
    std::vector<ReplicaDemand> demands;
    for (std::size_t i = 0; i < limits_.size(); ++i) {
      ReplicaDemand demand{std::nullopt, shares_[i]};
      if (i < cut_off) {
        means_[i] += 0.2 * (limits_[i].take_demand() - means_[i]);
        demand.per_second = means_[i];
      }
      demands.push_back(demand);
    }
    shares_ = divide(100'000.0 / 60, demands);
    for (std::size_t i = 0; i < std::min(cut_off, limits_.size()); ++i)
      limits_[i].lease(shares_[i], 4, now_);
  }

  double ask() {
    std::discrete_distribution<std::size_t> anywhere(load_.begin(), load_.end());
    TenantLimits& limits = limits_[anywhere(random_)];
    const auto prompt = static_cast<std::uint32_t>(100 + random_() % 400);
    const auto admitted = limits.admit({prompt, 300}, now_, Time{});
    if (!admitted) return 0;
    const Usage used{prompt, static_cast<std::uint32_t>(random_() % 400)};
    limits.settle(*admitted, used, now_, Time{});
    return used.total();
  }

  std::vector<double> load_;
  std::vector<TenantLimits> limits_;
  std::vector<double> shares_;
  std::map<std::size_t, double> means_;
  std::mt19937_64 random_{11};
  Instant now_{};
};

class SharedLimit : public testing::TestWithParam<std::vector<double>> {};

TEST_P(SharedLimit, IsKeptToOnePercent) {
  Replicas replicas(GetParam());
  (void)replicas.run(seconds(600));  // until full buckets are used up
  const double used = replicas.run(seconds(600 + 1800));
  EXPECT_NEAR(used / (100'000.0 * 30), 1, 0.01);
}

INSTANTIATE_TEST_SUITE_P(Loads, SharedLimit,
                         testing::Values(std::vector<double>{97, 1, 1, 1},
                                         std::vector<double>{25, 25, 25, 25},
                                         std::vector<double>{50, 50, 0, 0}));

TEST(SharedLimit, IsNotExceededInAPartition) {
  Replicas replicas({40, 30, 20, 10});
  (void)replicas.run(seconds(600));
  const double used = replicas.run(seconds(600 + 1800), 2);
  EXPECT_LE(used / (100'000.0 * 30), 1.01);
  EXPECT_GE(used / (100'000.0 * 30), 0.9) << "those cut off go on with what they had";
}

TEST(SharedLimit, FollowsLoadThatMoves) {
  Replicas replicas({97, 1, 1, 1});
  (void)replicas.run(seconds(600));
  replicas.load({1, 1, 1, 97});
  const double used = replicas.run(seconds(1200));
  EXPECT_NEAR(used / (100'000.0 * 10), 1, 0.02);
}

}  // namespace
}  // namespace slipway::gateway

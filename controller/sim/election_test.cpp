#include "controller/sim/election.hpp"

#include <gtest/gtest.h>

namespace slipway::sim {
namespace {

constexpr std::uint64_t kSeeds = 300;

TEST(ElectionTest, NeverTwoMayWriteAndAlwaysOneDoesAgain) {
  std::int64_t terms = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const ElectionVerdict verdict = run_election(seed);
    ASSERT_EQ(verdict.failure, "") << "replay: ./dev sim --seed " << seed;
    terms += verdict.terms;
  }
  EXPECT_GT(terms, static_cast<std::int64_t>(3 * kSeeds)) << "leaders have to change to prove it";
}

class ElectionMutantTest : public testing::TestWithParam<ElectionMutant> {};

TEST_P(ElectionMutantTest, IsCaught) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    if (!run_election(seed, GetParam()).failure.empty()) return;
  }
  FAIL() << "no seed caught it";
}
INSTANTIATE_TEST_SUITE_P(Mutants, ElectionMutantTest,
                         testing::Values(ElectionMutant::NoDeadline, ElectionMutant::ShortLease));

}  // namespace
}  // namespace slipway::sim

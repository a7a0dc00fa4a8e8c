#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "controller/sim/campaign.hpp"

namespace slipway::sim {
namespace {

// Runs a failing case again with a trace, and says how to see it.
void expect_kept(const Verdict& verdict, const std::string& how, const auto& again) {
  if (verdict.failure.empty()) return;
  ADD_FAILURE() << verdict.failure << "\nreplay: " << how << "\n" << again().trace;
}

// Sanitizers make each seed many times as slow.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kSeeds = 100;
#else
constexpr std::uint64_t kSeeds = 1000;
#endif
constexpr std::size_t kTail = 80;  // lines of a failing run

TEST(Simulation, ConvergesThenStaysQuiet) {
  const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  for (const std::uint64_t seed : failing_seeds(0, kSeeds, threads)) {
    const Verdict verdict = judge_seed(seed, kTail);
    ADD_FAILURE() << verdict.failure << "\nreplay: ./dev sim --seed " << seed << "\n"
                  << verdict.trace;
  }
}

class CrashAtEveryWrite : public testing::TestWithParam<Story> {};

TEST_P(CrashAtEveryWrite, EndsInTheSameState) {
  constexpr std::uint64_t kNever = 0;
  const Verdict undisturbed = run_crash(GetParam(), kNever, false);
  ASSERT_EQ(undisturbed.failure, "");
  ASSERT_GT(undisturbed.writes, 4u);
  for (std::uint64_t write = 1; write <= undisturbed.writes; ++write) {
    for (const bool after : {false, true}) {
      expect_kept(
          run_crash(GetParam(), write, after),
          "a crash " + std::string(after ? "after" : "before") + " write " + std::to_string(write),
          [&] { return run_crash(GetParam(), write, after, kTail); });
      if (HasFailure()) return;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Stories, CrashAtEveryWrite,
                         testing::Values(Story::Create, Story::Change, Story::Delete));

TEST(SimulationTest, SameSeedGivesTheSameRun) {
  const Verdict once = run_seed(7, faults_of(7), kTail);
  const Verdict twice = run_seed(7, faults_of(7), kTail);
  EXPECT_EQ(once.trace, twice.trace);
  EXPECT_EQ(once.writes, twice.writes);
}

TEST(SimulationTest, NamesakeOfADeletedChildSurvives) {
  EXPECT_EQ(run_namesake(Mutant::None).failure, "");
  EXPECT_NE(run_namesake(Mutant::IgnoresUid).failure, "");
}

// Each is a controller that is wrong in one way; a suite that lets one pass proves nothing.
class MutantTest : public testing::TestWithParam<Mutant> {};

TEST_P(MutantTest, IsCaught) {
  constexpr std::uint64_t kMost = 300;
  for (std::uint64_t seed = 0; seed < kMost; ++seed) {
    Faults faults = faults_of(seed);
    faults.mutant = GetParam();
    if (!run_seed(seed, faults).failure.empty()) return;
  }
  FAIL() << "no seed caught it";
}
INSTANTIATE_TEST_SUITE_P(Mutants, MutantTest,
                         testing::Values(Mutant::ClearsOnRelist, Mutant::DropsOldFirst,
                                         Mutant::StatusRunsAhead, Mutant::AlwaysReady,
                                         Mutant::MissesChanges));

}  // namespace
}  // namespace slipway::sim

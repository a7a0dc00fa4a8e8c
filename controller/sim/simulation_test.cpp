#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <tuple>

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

class CrashAtEveryWrite : public testing::TestWithParam<std::tuple<Story, int>> {};

TEST_P(CrashAtEveryWrite, EndsInTheSameState) {
  constexpr std::uint64_t kNever = 0;
  const auto [story, replicas] = GetParam();
  const auto run = [story = story, replicas = replicas](std::uint64_t write, bool after,
                                                        std::size_t tail = 0) {
    return run_crash(story, replicas, write, after, tail);
  };
  const Verdict undisturbed = run(kNever, false);
  ASSERT_EQ(undisturbed.failure, "");
  ASSERT_GT(undisturbed.writes, 4u);
  for (std::uint64_t write = 1; write <= undisturbed.writes; ++write) {
    for (const bool after : {false, true}) {
      expect_kept(
          run(write, after),
          "a crash " + std::string(after ? "after" : "before") + " write " + std::to_string(write),
          [&] { return run(write, after, kTail); });
      if (HasFailure()) return;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Stories, CrashAtEveryWrite,
                         testing::Combine(testing::Values(Story::Create, Story::Change,
                                                          Story::Delete),
                                          testing::Values(1, 2)));

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

TEST(SimulationTest, SuccessorsLeadSoonAndWriteNothing) {
  EXPECT_EQ(run_takeovers(Mutant::None).failure, "");
  EXPECT_THAT(run_takeovers(Mutant::ColdStandby).failure,
              testing::HasSubstr("after a takeover with nothing changed"));
}

TEST(SimulationTest, ADeposedLeaderWithASlowClockHarmsNothing) {
  constexpr std::uint64_t kMost = 20;
  for (std::uint64_t seed = 0; seed < kMost; ++seed) {
    EXPECT_EQ(run_deposed(seed).failure, "") << seed;
  }
}

TEST(SimulationTest, NothingIsSentWithoutAPermit) {
  constexpr std::uint64_t kMost = 200;
  std::string sent;
  for (std::uint64_t seed = 0; seed < kMost && sent.empty(); ++seed) {
    Faults faults = faults_of(seed);
    faults.mutant = Mutant::AsksNoPermit;
    const std::string failure = run_seed(seed, faults).failure;
    if (failure.starts_with("a write of ")) sent = failure;
  }
  EXPECT_NE(sent, "");
}

TEST(SimulationTest, ATerminatedNamespaceIsLeftInPeaceAndServedAnew) {
  expect_kept(run_terminating(), "a terminated namespace", [] { return run_terminating(kTail); });
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

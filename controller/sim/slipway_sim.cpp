// Runs seeds of the simulation: `slipway-sim --seeds 1000`, or one with its story:
// `slipway-sim --seed 7 --verbose`.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>

#include "controller/sim/campaign.hpp"
#include "controller/sim/election.hpp"

int main(int argc, char** argv) {
  std::uint64_t seed = 0;
  std::uint64_t seeds = 200;
  bool verbose = false;
  CLI::App app("Simulates the controller under faults, seed by seed.");
  const CLI::Option* one = app.add_option("--seed", seed, "The first seed; alone: only this one.");
  const CLI::Option* many = app.add_option("--seeds", seeds, "How many seeds.");
  app.add_flag("--verbose", verbose, "Print what happened.");
  CLI11_PARSE(app, argc, argv);
  if (one->count() > 0 && many->count() == 0) seeds = 1;

  constexpr std::size_t kTail = 80;
  constexpr std::size_t kEverything = 1'000'000;
  std::uint64_t failures = 0;
  for (const std::uint64_t end = seed + seeds; seed < end; ++seed) {
    slipway::sim::Verdict verdict =
        slipway::sim::run_seed(seed, slipway::sim::faults_of(seed), verbose ? kEverything : 0);
    if (!verdict.failure.empty() && !verbose)
      verdict = slipway::sim::run_seed(seed, slipway::sim::faults_of(seed), kTail);
    if (verbose || !verdict.failure.empty()) fmt::print("{}", verdict.trace);
    if (verdict.failure.empty()) verdict.failure = slipway::sim::run_election(seed).failure;
    if (verdict.failure.empty()) continue;
    ++failures;
    fmt::print("seed {}: {}\nreplay: ./dev sim --seed {}\n", seed, verdict.failure, seed);
  }
  fmt::print("{} of {} seeds kept every promise\n", seeds - failures, seeds);
  return failures == 0 ? 0 : 1;
}

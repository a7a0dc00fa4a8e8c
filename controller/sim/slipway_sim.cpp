// Runs seeds of the simulation: `slipway-sim --seeds 1000`, or one with its story:
// `slipway-sim --seed 7 --verbose`.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

#include "controller/sim/campaign.hpp"

int main(int argc, char** argv) {
  std::uint64_t seed = 0;
  std::uint64_t seeds = 200;
  bool verbose = false;
  unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  CLI::App app("Simulates the controller under faults, seed by seed.");
  const CLI::Option* one = app.add_option("--seed", seed, "The first seed; alone: only this one.");
  const CLI::Option* many = app.add_option("--seeds", seeds, "How many seeds.");
  app.add_flag("--verbose", verbose, "Print what happened.");
  app.add_option("--threads", threads, "So many seeds at a time.");
  CLI11_PARSE(app, argc, argv);
  if (one->count() > 0 && many->count() == 0) seeds = 1;

  constexpr std::size_t kTail = 80;
  constexpr std::size_t kEverything = 1'000'000;
  // With its story each seed is run once and told as it comes.
  std::vector<std::uint64_t> told;
  for (std::uint64_t each = seed; verbose && each < seed + seeds; ++each) told.push_back(each);
  if (!verbose) told = slipway::sim::failing_seeds(seed, seeds, threads);
  std::uint64_t failures = 0;
  for (const std::uint64_t each : told) {
    const auto verdict = slipway::sim::judge_seed(each, verbose ? kEverything : kTail);
    fmt::print("{}", verdict.trace);
    if (verdict.failure.empty()) continue;
    ++failures;
    fmt::print("seed {}: {}\nreplay: ./dev sim --seed {}\n", each, verdict.failure, each);
  }
  fmt::print("{} of {} seeds kept every promise\n", seeds - failures, seeds);
  return failures == 0 ? 0 : 1;
}

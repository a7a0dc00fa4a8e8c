// Compares the simulated API server with a real one:
// `slipway-conform --kubeconfig FILE --sequences 2000`, or one sequence with its story.
// The real one needs the CRDs and nothing else that writes: no controller manager.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "controller/kube/beast_transport.hpp"
#include "controller/sim/conformance/comparison.hpp"

namespace slipway::sim {
namespace {

struct Work {
  kube::Transport& transport;
  std::string run;
  std::uint64_t end;
  std::atomic<std::uint64_t> next;
  std::mutex printing{};
  std::uint64_t differing = 0;  // guarded by `printing`
};

void compare_all(Work& work) {
  for (std::uint64_t seed = work.next++; seed < work.end; seed = work.next++) {
    const auto simulated = simulated_server();
    const auto real = real_server(work.transport);
    const std::string found = compare(script_of(seed, work.run), *simulated, *real);
    if (found.empty()) continue;
    const std::lock_guard held(work.printing);
    ++work.differing;
    fmt::print("sequence {}:\n{}replay: --seed {}\n\n", seed, found, seed);
  }
}

int run(const std::string& kubeconfig, std::uint64_t seed, std::uint64_t sequences, int threads) {
  const auto credentials = kube::read_kubeconfig(kubeconfig);
  if (!credentials) return fmt::print("{}\n", credentials.error().what), 2;
  const auto transport = kube::make_beast_transport(*credentials);
  if (!transport) return fmt::print("{}\n", transport.error().what), 2;
  // Other namespaces than those of earlier runs, which are still there.
  Work work{**transport, fmt::format("{:x}", std::random_device{}()), seed + sequences, seed};
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) workers.emplace_back([&] { compare_all(work); });
  }
  fmt::print("{} of {} sequences were answered alike\n", sequences - work.differing, sequences);
  return work.differing == 0 ? 0 : 1;
}

}  // namespace
}  // namespace slipway::sim

int main(int argc, char** argv) {
  std::string kubeconfig;
  std::uint64_t seed = 0;
  std::uint64_t sequences = 100;
  int threads = 4;
  CLI::App app("Compares the simulated API server with a real one.");
  app.add_option("--kubeconfig", kubeconfig, "Of the real one.")->required();
  const CLI::Option* one = app.add_option("--seed", seed, "The first sequence; alone: only it.");
  const CLI::Option* many = app.add_option("--sequences", sequences, "How many.");
  app.add_option("--threads", threads, "So many sequences at a time.");
  CLI11_PARSE(app, argc, argv);
  if (one->count() > 0 && many->count() == 0) sequences = 1;
  return slipway::sim::run(kubeconfig, seed, sequences, threads);
}

// Compares the simulated API server with a real one:
// `slipway-conform --kubeconfig FILE --sequences 2000`, or one sequence with its story.
// The real one needs the CRDs and nothing else that writes: no controller manager.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <random>
#include <string>

#include "controller/cache/guarded.hpp"
#include "controller/kube/beast_transport.hpp"
#include "controller/sim/conformance/comparison.hpp"
#include "controller/sim/in_parallel.hpp"

namespace slipway::sim {
namespace {

int compare_all(const std::string& kubeconfig, std::uint64_t seed, std::uint64_t sequences,
                unsigned threads) {
  const auto credentials = kube::read_kubeconfig(kubeconfig);
  if (!credentials) return fmt::print("{}\n", credentials.error().what), 2;
  const auto transport = kube::make_beast_transport(*credentials);
  if (!transport) return fmt::print("{}\n", transport.error().what), 2;
  // Other namespaces than those of earlier runs, which are still there.
  const std::string run = fmt::format("{:x}", std::random_device{}());
  Guarded<std::uint64_t> differing;
  in_parallel(seed, sequences, threads, [&](std::uint64_t each) {
    const auto simulated = simulated_server();
    const auto real = real_server(**transport);
    const std::string found = compare(script_of(each, run), *simulated, *real);
    if (found.empty()) return;
    differing.with([&](std::uint64_t& count) {
      ++count;
      fmt::print("sequence {}:\n{}replay: --seed {}\n\n", each, found, each);
    });
  });
  const std::uint64_t bad = differing.with([](std::uint64_t count) { return count; });
  fmt::print("{} of {} sequences were answered alike\n", sequences - bad, sequences);
  return bad == 0 ? 0 : 1;
}

}  // namespace
}  // namespace slipway::sim

int main(int argc, char** argv) {
  std::string kubeconfig;
  std::uint64_t seed = 0;
  std::uint64_t sequences = 100;
  unsigned threads = 4;
  CLI::App app("Compares the simulated API server with a real one.");
  app.add_option("--kubeconfig", kubeconfig, "Of the real one.")->required();
  const CLI::Option* one = app.add_option("--seed", seed, "The first sequence; alone: only it.");
  const CLI::Option* many = app.add_option("--sequences", sequences, "How many.");
  app.add_option("--threads", threads, "So many sequences at a time.");
  CLI11_PARSE(app, argc, argv);
  if (one->count() > 0 && many->count() == 0) sequences = 1;
  return slipway::sim::compare_all(kubeconfig, seed, sequences, threads);
}

// Many runs that know nothing of each other, on all cores.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace slipway::sim {

// Calls `work(seed)` once for each seed of [first, first + count), on `threads` threads and in any
// order; returns when all are done.
template <class Work>
void in_parallel(std::uint64_t first, std::uint64_t count, unsigned threads, const Work& work) {
  std::atomic<std::uint64_t> next = first;
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      for (std::uint64_t seed = next++; seed < first + count; seed = next++) work(seed);
    });
  }
}

}  // namespace slipway::sim

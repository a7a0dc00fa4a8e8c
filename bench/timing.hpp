// How the benchmarks of the gateway's parts take and print times.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

namespace slipway {

inline constexpr int kRounds = 101;
inline constexpr double kRound = 2e6;  // ns

// Time on a processor: others at work on the machine count less than in time on the wall.
inline double cpu_ns() {
  return static_cast<double>(std::clock()) * (1e9 / CLOCKS_PER_SEC);
}

// Of many rounds, each of which repeats the work for as long as it lasts, the tenth that is
// quickest: what else runs on the machine, and on the same core, only ever adds.
inline double quick_ns(const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < kRounds; ++i) {
    const double start = cpu_ns();
    double spent = 0;
    int count = 0;
    do {
      for (int repeat = 0; repeat < 8; ++repeat) work();
      count += 8;
      spent = cpu_ns() - start;
    } while (spent < kRound);
    times.push_back(spent / count);
  }
  const auto tenth = times.begin() + kRounds / 10;
  std::ranges::nth_element(times, tenth);
  return *tenth;
}

inline void row(const std::string& what, double ns, const std::string& note = "") {
  fmt::print("{:<44} {:10.1f} ns  {}\n", what, ns, note);
}

}  // namespace slipway

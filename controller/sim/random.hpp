// The only source of chance in a simulation: the same seed gives the same run on every machine
// (no std distribution, whose results differ between standard libraries).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace slipway::sim {

class Random {
 public:
  // Mixed, or a seed's stream would be that of the seed before it, one number later.
  explicit Random(std::uint64_t seed) : state_(mixed(seed)) {}

  std::uint64_t next() {  // splitmix64
    state_ += 0x9E3779B97F4A7C15u;
    return mixed(state_);
  }
  // Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool chance(double probability) { return unit() < probability; }
  // Uniform in [0, bound). REQUIRES: bound > 0.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }
  // Uniform in [low, high].
  int between(int low, int high) {
    return low + static_cast<int>(below(static_cast<std::size_t>(high - low + 1)));
  }
  template <class T>
  const T& pick(const std::vector<T>& values) {
    return values[below(values.size())];
  }

 private:
  static std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace slipway::sim

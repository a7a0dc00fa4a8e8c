#include "runtime-images/agent/clock.hpp"

namespace slipway::agent {

Time wall_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

Time steady_now() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return Time(std::chrono::duration_cast<Duration>(since_boot));
}

}  // namespace slipway::agent

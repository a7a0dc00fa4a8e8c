#include "gateway/proxy/clock.hpp"

namespace slipway::gateway {

Time wall_clock() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

}  // namespace slipway::gateway

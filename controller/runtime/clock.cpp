#include "controller/runtime/clock.hpp"

#include <algorithm>

namespace slipway {

std::optional<Duration> sooner(std::optional<Duration> a, std::optional<Duration> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

Moment SystemClock::now() const {
  using std::chrono::floor;
  return {floor<Duration>(std::chrono::system_clock::now()),
          floor<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

}  // namespace slipway

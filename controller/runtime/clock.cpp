#include "controller/runtime/clock.hpp"

namespace slipway {

Moment SystemClock::now() const {
  using std::chrono::floor;
  return {floor<Duration>(std::chrono::system_clock::now()),
          floor<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

}  // namespace slipway

// Points in time as the gateway's pure rules get them: nanoseconds of a steady clock, always handed
// in. The origin means nothing, and a step of the wall clock does not show.
#pragma once

#include <chrono>

namespace slipway::gateway {

using Instant = std::chrono::nanoseconds;

inline double seconds_of(Instant span) {
  return std::chrono::duration<double>(span).count();
}

inline Instant from_seconds(double seconds) {
  return std::chrono::duration_cast<Instant>(std::chrono::duration<double>(seconds));
}

}  // namespace slipway::gateway

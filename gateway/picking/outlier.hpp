// When an endpoint that answers badly is left out for a while. Pure rules on values: `Health` is
// one endpoint's, the sweep looks at all of a pool together. Used by one thread at a time.
//
// Five failures in a row, or a rate of success far below the pool's, eject for 30 s times the
// ejections of late. At most max(1, 30 %) of a pool is out at a time, and never the only endpoint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "gateway/instant.hpp"

namespace slipway::gateway {

inline constexpr std::uint32_t kFailuresInARow = 5;
inline constexpr Instant kEjection = std::chrono::seconds(30);  // times the ejections of late
inline constexpr std::uint32_t kMostEjections = 10;             // so at most 5 min
inline constexpr Instant kRateWindow = std::chrono::seconds(10);
inline constexpr std::uint32_t kRateVolume = 50;  // answers in a window for its rate to count
inline constexpr std::size_t kRateEndpoints = 3;  // with that volume, for a mean to mean something
inline constexpr double kRateDeviations = 1.9;    // standard deviations below the mean

struct Health {
  std::uint32_t failures_in_a_row = 0;
  std::uint32_t succeeded = 0;  // in this window
  std::uint32_t failed = 0;     // in this window
  std::uint32_t ejections = 0;  // of late: one is forgotten for each kEjection without a new one
  Instant ejected_until{};
  bool ejected(Instant now) const { return now < ejected_until; }
};

// What came of an attempt. A failure is one of the endpoint, not of the request: no connection, a
// reset, or a status of 500 and above. 503 with the engine's queue full counts, a 4xx does not.
enum class Attempt { Succeeded, Failed };

// Endpoints of a pool of that size that may be out at a time.
constexpr std::size_t most_ejected(std::size_t endpoints) {
  if (endpoints < 2) return 0;
  const std::size_t share = endpoints * 3 / 10;
  return share < 1 ? 1 : share;
}

// Notes an attempt's outcome; true: the endpoint should be ejected if the pool allows it.
bool note(Health& health, Attempt attempt);
// Ejects; the caller has seen that the pool allows it.
void eject(Health& health, Instant now);
// The success rate below which an endpoint stands out in this window; negative: none can. Rates are
// those of endpoints with enough volume.
double rate_floor(std::span<const double> rates);

}  // namespace slipway::gateway

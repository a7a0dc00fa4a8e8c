#include "gateway/picking/outlier.hpp"

#include <algorithm>
#include <cmath>

namespace slipway::gateway {

bool note(Health& health, Attempt attempt) {
  if (attempt == Attempt::Succeeded) {
    ++health.succeeded;
    health.failures_in_a_row = 0;
    return false;
  }
  ++health.failed;
  return ++health.failures_in_a_row >= kFailuresInARow;
}

void eject(Health& health, Instant now) {
  if (health.ejections > 0) {
    const auto good = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>((now - health.ejected_until) / kEjection, 0, health.ejections));
    health.ejections -= good;
  }
  health.ejections = std::min(health.ejections + 1, kMostEjections);
  health.ejected_until = now + kEjection * health.ejections;
  health.failures_in_a_row = 0;
}

double rate_floor(std::span<const double> rates) {
  if (rates.size() < kRateEndpoints) return -1;
  double sum = 0;
  for (const double rate : rates) sum += rate;
  const double mean = sum / static_cast<double>(rates.size());
  double squares = 0;
  for (const double rate : rates) squares += (rate - mean) * (rate - mean);
  return mean - kRateDeviations * std::sqrt(squares / static_cast<double>(rates.size()));
}

}  // namespace slipway::gateway

#include "gateway/limits/gcra.hpp"

#include <algorithm>
#include <cmath>

namespace slipway::gateway {

namespace {

// A debt is bounded so that its time fits: a year.
constexpr double kLongest = 365.0 * 24 * 3600;

Instant time_of(double units, const Rate& rate) {
  const double seconds = std::clamp(units / rate.per_second, -kLongest, kLongest);
  return Instant(static_cast<std::int64_t>(std::llround(seconds * 1e9)));
}

}  // namespace

double Gcra::available(const Rate& rate, Instant now) const {
  return rate.burst - seconds_of(until_full(now)) * rate.per_second;
}

Instant Gcra::until_full(Instant now) const {
  return tat_ <= now.count() ? Instant{} : Instant(tat_) - now;
}

bool Gcra::try_take(double units, const Rate& rate, Instant now) {
  if (wait_for(units, rate, now) > Instant{}) return false;
  charge(units, rate, now);
  return true;
}

void Gcra::charge(double units, const Rate& rate, Instant now) {
  if (rate.per_second <= 0) return;
  tat_ = std::max(tat_, now.count()) + time_of(units, rate).count();
}

Instant Gcra::wait_for(double units, const Rate& rate, Instant now) const {
  if (rate.per_second <= 0) return Instant::max();
  const Instant allowed = time_of(rate.burst - std::min(units, rate.burst), rate);
  return std::max(Instant{}, until_full(now) - allowed);
}

Gcra Gcra::with_missing(Instant until_full, Instant now) {
  Gcra bucket;
  bucket.tat_ = (now + until_full).count();
  return bucket;
}

void Gcra::rescale(const Rate& before, const Rate& after, Instant now) {
  if (after.per_second <= 0) return;
  const double kept = before.per_second > 0 ? std::min(available(before, now), after.burst) : 0;
  tat_ = (now + time_of(after.burst - kept, after)).count();
}

}  // namespace slipway::gateway

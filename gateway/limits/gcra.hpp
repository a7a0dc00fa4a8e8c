// A rate limit as one number: the generic cell rate algorithm (ITU-T I.371) in its virtual
// scheduling form. The theoretical arrival time (TAT) is when the bucket will be full again; to
// take n units moves it n / rate into the future. Pure: the caller keeps the number and the time,
// which is a steady clock's: no step of the wall clock refills a bucket or locks one.
//
// Amounts may be taken that the bucket does not have (`charge`): it is in debt then, and admits
// nothing until the debt is paid at the rate.
#pragma once

#include <cstdint>

#include "gateway/instant.hpp"

namespace slipway::gateway {

struct Rate {
  double per_second = 0;  // units; 0 admits nothing
  double burst = 0;       // units that a full bucket holds
};

class Gcra {
 public:
  // Takes `units` if the bucket has them. An amount above the burst is taken from a full bucket,
  // or it would never be.
  bool try_take(double units, const Rate& rate, Instant now);
  // Takes `units` whatever the bucket has. A negative amount gives back, up to a full bucket.
  void charge(double units, const Rate& rate, Instant now);

  // Units that the bucket has; negative: the debt.
  double available(const Rate& rate, Instant now) const;
  // Until `units` could be taken; zero: now. Instant::max(): never, at a rate of 0.
  Instant wait_for(double units, const Rate& rate, Instant now) const;
  // Until the bucket is full.
  Instant until_full(Instant now) const;
  // The bucket's whole state, to be kept over a restart as a duration: what is not full yet.
  static Gcra with_missing(Instant until_full, Instant now);
  // After the rate changed: what the bucket has stays the same number of units, as far as the new
  // burst holds them. A share of a limit that moves between replicas is no refill.
  void rescale(const Rate& before, const Rate& after, Instant now);

 private:
  std::int64_t tat_ = INT64_MIN;  // ns; anything past means full
};

}  // namespace slipway::gateway

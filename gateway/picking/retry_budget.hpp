// How much of a pool's traffic may be retries. Used by one thread at a time; one per pool.
//
// Two bounds: retries under way are at most a fifth of the requests under way (at least three may
// be), and over time every five requests pay for one retry. The first stops a burst from doubling,
// the second holds amplification at 1.2 when failures are too quick for the first to see.
#pragma once

#include <cstdint>

namespace slipway::gateway {

class RetryBudget {
 public:
  static constexpr double kShare = 0.2;
  static constexpr double kAtLeast = 3;
  // Retries that may be saved up: a quiet service whose endpoint dies has these until it is ejected
  // (five failures), and no caller sees that.
  static constexpr double kReserve = 10;

  // A request, not an attempt, begins and ends.
  void begin();
  void end();
  // Whether a failed attempt may be made again; takes its price from the budget. Whoever gets true
  // calls `retry_ended` once that attempt is over. After the first byte from upstream never:
  // the client has seen a part of the answer.
  bool try_retry(bool first_byte_seen);
  void retry_ended();

 private:
  double allowed() const;

  std::uint32_t active_ = 0;
  std::uint32_t retrying_ = 0;
  double balance_ = kReserve;  // retries that are paid for
};

}  // namespace slipway::gateway

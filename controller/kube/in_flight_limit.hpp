// How many calls may be under way at a time: additive increase, multiplicative decrease, as TCP
// does it. An API server that answers 429 has too much to do, and pauses of single keys do not
// help it as long as all others go on as before. Thread-safe.
//
// The answers to calls that left together are one piece of news: a limit is halved once for all
// calls that left under it. It grows by one for each second in which calls succeed that left under
// it, so that from one call to eight it takes seven seconds of an untroubled server.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

#include "crds/base/time.hpp"

namespace slipway::kube {

// The rule, without threads and clocks.
class InFlightLimit {
 public:
  // Of a call: under which limit it left.
  using Ticket = std::uint64_t;

  explicit InFlightLimit(int most) : most_(most), allowed_(most) {}

  int allowed() const { return allowed_; }
  Ticket ticket() const { return reductions_; }
  void throttled(Ticket ticket, Duration now);
  void succeeded(Ticket ticket, Duration now);

 private:
  const int most_;
  int allowed_;
  Ticket reductions_ = 0;
  Duration changed_{};
};

// Where calls wait until one more may be under way.
class InFlightGate {
 public:
  using Ticket = InFlightLimit::Ticket;
  // Told of each limit that is new, the first included; called with the gate locked.
  using OnLimit = std::function<void(int)>;

  InFlightGate(int most, OnLimit on_limit);

  // nullopt: it was not let in before the deadline. Each ticket is given back once.
  std::optional<Ticket> enter(std::chrono::steady_clock::time_point deadline);
  // `status` of the answer; nullopt: none came, which says nothing.
  void leave(Ticket ticket, std::optional<int> status, Duration now);

 private:
  const OnLimit on_limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  InFlightLimit limit_;
  int inside_ = 0;
};

}  // namespace slipway::kube

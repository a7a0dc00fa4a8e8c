// One replica's part in the election, as `LeaseHolder` plays it with threads: the real machine and
// calls, its own watch of the Lease, its own clock. Calls are lost and answered late. Used by one
// thread; what the stage names must outlive it.
#pragma once

#include <optional>
#include <string>

#include "controller/runtime/leadership.hpp"
#include "controller/runtime/lease_calls.hpp"
#include "controller/sim/stage.hpp"
#include "controller/sim/watch_link.hpp"

namespace slipway::sim {

class Candidate : public Leadership {
 public:
  // `identity` is that of one process; `rate` is that of its clock.
  Candidate(const Stage& stage, const Voice& voice, std::string identity, double rate);

  bool may_write(Duration now) const override;
  std::int64_t epoch() const override { return machine_.epoch(); }
  void outgrow(std::int64_t epoch) override { machine_.outgrow(epoch); }
  const std::string& identity() const { return identity_; }

  void start();
  // Does what is due now; false: nothing was.
  bool step();
  std::optional<Duration> next_due() const;
  // The whole server cannot be reached until then, or only its Lease.
  void cut_off(Duration until);
  void starve(Duration until) { starved_until_ = until; }
  void disturb() { link_.disturb(stage_.now); }
  // The process ends in order: whoever waits may lead at once.
  void stop();
  // Whether nothing comes of it but renewals, or of somebody else's being seen.
  bool settled() const;

 private:
  Duration local(Duration now) const;
  bool call();
  void observe(const kube::WatchEvent& event);

  const Stage& stage_;
  const Voice& voice_;
  const std::string identity_;
  const double rate_;
  const LeaseCalls calls_;
  LeaseMachine machine_;
  LeaseSights sights_;
  WatchLink link_;
  std::optional<Duration> gives_up_;  // on the answer to a call
  Duration cut_off_until_{}, starved_until_{};
};

}  // namespace slipway::sim

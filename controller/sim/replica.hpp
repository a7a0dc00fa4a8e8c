// One replica of the controller as a process: the engine that `ControllerShell` runs with threads,
// with a cache, watches, client and part in the election of its own. It dies and starts over,
// stands still, and loses the server. Used by one thread; what the stage names must outlive it.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/runtime/controller.hpp"
#include "controller/sim/candidate.hpp"
#include "controller/sim/knowledge.hpp"
#include "controller/sim/stage.hpp"
#include "controller/sim/uncertain_client.hpp"
#include "controller/sim/watch_link.hpp"

namespace slipway::sim {

class Replica;

// The rest of the world, to a replica in the middle of a write.
class Others {
 public:
  virtual ~Others() = default;
  virtual void meanwhile() = 0;
  // For so long.
  virtual void go_on(Duration time) = 0;
  // What still happens when its sender has died.
  virtual void later(Duration when, std::function<void()> what) = 0;
};

class Replica : private Way {
 public:
  Replica(int number, const Stage& stage, Others& others);

  // A new process with empty memory, in the place of whatever was there.
  void start();
  // The process ends in order, or at once.
  void stop();
  void kill() { client_.kill(); }
  void freeze(Duration until);
  void cut_off(Duration until);
  void starve(Duration until);
  // All that is wrong with its surroundings ends.
  void heal();
  // Nothing about this kind reaches it until then.
  void stall(Watched kind, Duration until);
  void disturb();

  // Delivers something to its cache; reconciles one key; does what is due about the Lease.
  // False: there is nothing to do, or it cannot.
  bool deliver();
  bool process();
  bool elect();
  // Of deliveries and reconciles, and of the Lease.
  std::optional<Duration> next_due() const;
  std::optional<Duration> next_election() const;

  bool dead() const { return client_.dead(); }
  bool busy() const { return busy_; }  // in the middle of a reconcile
  bool leads() const;
  bool settled() const;  // see `Candidate`
  // The end of standing still, if it does.
  std::optional<Duration> thaws() const;
  const std::string& name() const { return name_; }
  std::uint64_t writes() const { return client_.writes(); }
  // What it could not decode; empty: nothing.
  const std::string& failure() const { return failure_; }

 private:
  void hold_up() override;
  bool permitted() const override;
  Sent sent(std::string version) const override;
  void meanwhile() override;
  bool reaches_server() const override;
  bool expired(const Sent& sent) const override;
  void land(const Sent& sent, const std::function<void()>& write) override;
  bool land_later(const Sent& sent, std::function<void()> write) override;
  void removes(const kube::RemoveRequest& request) override;
  void removed(const kube::RemoveRequest& request) override;

  bool awake() const { return !dead() && stage_.now >= frozen_until_; }
  Moment now() const { return {kEpoch + stage_.now, stage_.now}; }
  void on_event(Watched kind, const kube::WatchEvent& event);
  void remember_as_mutant(Watched kind, const kube::Seen& seen);
  void forget_as_mutant(Watched kind);

  const Stage& stage_;
  Others& others_;
  const std::string name_;
  const Voice voice_;
  const double rate_;  // of its clock
  UncertainClient client_;
  SoleLeader sole_leader_;
  std::unique_ptr<Candidate> candidate_;  // null where nobody elects
  std::unique_ptr<Controller> controller_;
  std::vector<std::unique_ptr<WatchLink>> links_;
  Knowledge knowledge_;
  std::array<std::map<std::string, std::string>, kAllWatched.size()> memory_;  // a mutant's
  int lives_ = 0;
  bool busy_ = false;
  bool led_ = false;  // a mutant's
  Duration frozen_until_{}, cut_off_until_{};
  std::string failure_;
};

}  // namespace slipway::sim

// A whole cluster and the replicas of the controller in one thread and virtual time: a seed decides
// who acts next, and the clock jumps when nobody can. Each replica is the engine that
// `ControllerShell` runs with threads; caches, queue, executor, watch machines, election and
// reconcilers are the real ones.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controller/sim/faults.hpp"
#include "controller/sim/invariants.hpp"
#include "controller/sim/random.hpp"
#include "controller/sim/replica.hpp"
#include "controller/sim/sim_api_server.hpp"
#include "controller/sim/stage.hpp"
#include "controller/sim/stand_ins.hpp"
#include "controller/sim/trace.hpp"
#include "controller/sim/users.hpp"

namespace slipway::sim {

class World : private Others {
 public:
  World(std::uint64_t seed, const Faults& faults, bool trace = false);

  // Somebody acts, `count` times, under the faults that the world was made with.
  void run(int count);
  // Users stop meddling, and it goes on until nothing has changed for half an hour; a failure if
  // that never comes to be.
  void settle();
  // No more faults, then `settle`.
  void calm();
  // Lets time pass; whatever is due is done.
  void rest(Duration time);
  // Nothing about this kind reaches any replica for so long.
  void stall(Watched kind, Duration time);
  // Who leads dies, or ends in order, and starts over with empty memory.
  void crash_leader();
  void stop_leader();
  // Who leads cannot renew its Lease for so long.
  void starve_leader(Duration time);
  // The namespace controller cannot delete this kind.
  void spare(const std::string& kind) { stand_ins_.set_spared(kind); }
  // How long it takes until somebody leads; nullopt: longer than `limit`.
  std::optional<Duration> until_led(Duration limit);

  Users& users() { return users_; }
  const Replica& replica(std::size_t number) const { return *replicas_.at(number); }
  const SimApiServer& server() const { return server_; }
  const Invariants& invariants() const { return invariants_; }
  const Trace& trace() const { return trace_; }
  // That replicas have sent, but for those of the Lease.
  std::uint64_t writes() const;
  // True if the service says that it is ready and some pod of it is.
  bool ready(const ObjectRef& service) const;
  // Empty while all is well; otherwise what went wrong first.
  std::string failure() const;

 private:
  enum class Actor { Watches, Replicas, Deployments, Pods, Autoscalers, Garbage };

  void meanwhile() override;
  void go_on(Duration time) override;
  void later(Duration when, std::function<void()> what) override;

  void step();
  bool act(Actor actor);
  bool say(const char* who, const std::string& what);
  bool deliver();
  bool process();
  void mischief();
  void trouble(Replica& replica);
  void jump(Duration limit);
  // Time passes, and with it what is due about the Lease and of the dead. Ends early when the
  // leader changes, if asked to.
  void pass(Duration time, bool until_change = false);
  void set_time(Duration now);
  void land_late();
  void elect();
  Replica* leader() const;
  bool leases_rest() const;
  bool failed() const { return !failure_.empty() || !invariants_.broken().empty(); }

  Faults faults_;
  Random random_;
  Trace trace_;
  Duration now_{std::chrono::seconds(1)}, skipped_{};
  Duration shown_{};  // when renewals were last gone through in spite of all
  SimApiServer server_;
  Invariants invariants_;
  StandIns stand_ins_;
  Users users_;
  Stage stage_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::vector<std::pair<Duration, std::function<void()>>> late_;  // writes of the dead
  std::uint64_t changes_ = 0;                                     // of anything but the Lease
  std::string failure_;
};

}  // namespace slipway::sim

// A whole cluster and the real controller in one thread and virtual time: a seed decides who acts
// next, and the clock jumps when nobody can. The controller is the engine that `ControllerShell`
// runs with threads; caches, queue, executor, watch machines and reconcilers are the real ones.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "controller/runtime/controller.hpp"
#include "controller/sim/faults.hpp"
#include "controller/sim/invariants.hpp"
#include "controller/sim/random.hpp"
#include "controller/sim/sim_api_server.hpp"
#include "controller/sim/stand_ins.hpp"
#include "controller/sim/trace.hpp"
#include "controller/sim/uncertain_client.hpp"
#include "controller/sim/users.hpp"
#include "controller/sim/watch_link.hpp"

namespace slipway::sim {

class World {
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
  // Nothing about this kind reaches the controller for so long.
  void stall(Watched kind, Duration time);
  // The controller dies and starts over with empty memory.
  void restart();

  Users& users() { return users_; }
  const SimApiServer& server() const { return server_; }
  const Invariants& invariants() const { return invariants_; }
  const Trace& trace() const { return trace_; }
  std::uint64_t writes() const { return client_.writes(); }
  // True if the service says that it is ready and some pod of it is.
  bool ready(const ObjectRef& service) const;
  // Empty while all is well; otherwise what went wrong first.
  std::string failure() const;

 private:
  enum class Actor { Watches, Controller, Deployments, Pods, Autoscalers, Garbage };

  void step();
  bool act(Actor actor);
  bool deliver();
  bool process();
  void mischief();
  void meanwhile();
  void jump(Duration limit);
  void start_controller();
  void on_event(Watched kind, const kube::WatchEvent& event);
  void clear_as_mutant(Watched kind);
  bool failed() const { return !failure_.empty() || !invariants_.broken().empty(); }
  Moment now() const { return {kEpoch + now_, now_}; }
  void pass(Duration time);

  static constexpr Time kEpoch{std::chrono::seconds(1'700'000'000)};

  Faults faults_;
  Random random_;
  Trace trace_;
  Duration now_{std::chrono::seconds(1)};
  SimApiServer server_;
  Invariants invariants_;
  StandIns stand_ins_;
  Users users_;
  UncertainClient client_;
  SoleLeader leader_;
  std::unique_ptr<Controller> controller_;
  std::vector<std::unique_ptr<WatchLink>> links_;
  std::vector<std::map<std::string, std::string>> mutant_memory_;  // per link: name -> last object
  int depth_ = 0;                                                  // of calls into the controller
  std::string failure_;
};

}  // namespace slipway::sim

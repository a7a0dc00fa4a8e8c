// The threads of the controller: one watcher per kind and N workers, which also audit the watches.
// The destructor stops and joins them all; a call that is under way is finished first. Everything
// handed in must outlive the shell.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "controller/kube/transport.hpp"
#include "controller/kube/watcher.hpp"
#include "controller/runtime/auditor.hpp"
#include "controller/runtime/clock.hpp"
#include "controller/runtime/controller.hpp"
#include "controller/runtime/wake_up.hpp"

namespace slipway {

// Called from the shell's threads, several at a time.
struct ShellEvents {
  std::function<void(const Report&, Duration took)> processed;
  std::function<void(Watched, const Error&)> watch_trouble;
  std::function<void(Watched, const Error&)> undecodable;
  // A watch has lost something for good; `watch_trouble` tells it too.
  std::function<void(Watched, const AuditFinding&)> audit_found;
};

struct ShellOptions {
  int workers = 4;
  Duration audit_period = std::chrono::minutes(10);
};

class ControllerShell {
 public:
  // Starts at once. `wake` is rung by whoever else has something to do for the workers.
  ControllerShell(Controller& controller, kube::Transport& transport, const Clock& clock,
                  WakeUp& wake, const ShellOptions& options, ShellEvents events);
  ~ControllerShell();

  kube::WatchHealth health(Watched kind) const;  // from any thread

 private:
  void work(const std::stop_token& stop);
  void watch(Watched kind, kube::Transport& transport);
  void found(Watched kind, const AuditFinding& finding);

  Controller& controller_;
  const Clock& clock_;
  const ShellEvents events_;
  WakeUp& wake_;
  std::vector<std::unique_ptr<kube::Watcher>> watchers_;
  Auditor auditor_;
  std::vector<std::jthread> workers_;  // last: they call into all of the above
};

}  // namespace slipway

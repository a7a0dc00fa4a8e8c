// The threads of the controller: one watcher per kind and N workers. The destructor stops and
// joins them all; a write that is under way is finished first. Everything handed in must outlive
// the shell.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "controller/kube/transport.hpp"
#include "controller/kube/watcher.hpp"
#include "controller/runtime/clock.hpp"
#include "controller/runtime/controller.hpp"

namespace slipway {

// Called from the shell's threads, several at a time.
struct ShellEvents {
  std::function<void(const Report&, Duration took)> processed;
  std::function<void(Watched, const Error&)> watch_trouble;
  std::function<void(Watched, const Error&)> undecodable;
};

class ControllerShell {
 public:
  // Starts at once.
  ControllerShell(Controller& controller, kube::Transport& transport, const Clock& clock,
                  int workers, ShellEvents events);
  ~ControllerShell();

  kube::WatchHealth health(Watched kind) const;  // from any thread

 private:
  void work(const std::stop_token& stop);
  void wake();

  Controller& controller_;
  const Clock& clock_;
  const ShellEvents events_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t changes_ = 0;
  std::vector<std::jthread> workers_;
  std::vector<std::unique_ptr<kube::Watcher>> watchers_;  // last: they call into all of the above
};

}  // namespace slipway

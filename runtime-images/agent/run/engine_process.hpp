// The engine as a child process: its own process group, output passed through and read along, ended
// by SIGTERM and, when that is not enough, SIGKILL. Used by the one thread of its io_context, which
// must outlive it; destroying it kills the engine.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>
#include <vector>

#include "crds/base/time.hpp"
#include "runtime-images/agent/report.hpp"
#include "runtime-images/agent/run/engine_log.hpp"

namespace slipway::agent {

struct EngineExit {
  int code = 0;        // of a normal end
  int signal = 0;      // that ended it; 0: normal end
  bool asked = false;  // after `stop`
};

class EngineProcess {
 public:
  EngineProcess(boost::asio::io_context& io, std::function<void(EngineExit)> on_exit);
  ~EngineProcess();
  EngineProcess(const EngineProcess&) = delete;
  EngineProcess& operator=(const EngineProcess&) = delete;

  Outcome<> start(const std::vector<std::string>& command);
  bool running() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  // SIGTERM now, SIGKILL after `patience`.
  void stop(Duration patience);
  // To be called after SIGCHLD: collects ended children, of which the engine is reported. The first
  // process of a container inherits orphans and collects them too.
  void reap();

  const EngineLog& errors() const { return stderr_.log; }
  const EngineLog& output() const { return stdout_.log; }

 private:
  struct Pipe {
    Pipe(boost::asio::io_context& io, int own) : from(io), to(own) {}
    boost::asio::posix::stream_descriptor from;
    int to;  // the agent's own descriptor
    EngineLog log;
    std::vector<char> buffer = std::vector<char>(8192);
  };
  void pump(Pipe& pipe);
  void pass_on(Pipe& pipe, std::size_t count);
  void drain(Pipe& pipe);
  void ended(int status);

  std::function<void(EngineExit)> on_exit_;
  Pipe stdout_, stderr_;
  boost::asio::steady_timer patience_;
  pid_t pid_ = -1;
  bool asked_ = false;
};

}  // namespace slipway::agent

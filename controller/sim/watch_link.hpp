// One watch on its way from the simulated API server to a replica: the real watch machine, fed with
// the server's bytes in virtual time. The stream can lag, break, repeat itself and expire.
// Used by one thread; everything handed in must outlive it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "controller/kube/watcher.hpp"
#include "controller/sim/faults.hpp"
#include "controller/sim/random.hpp"
#include "controller/sim/sim_api_server.hpp"
#include "controller/sim/trace.hpp"

namespace slipway::sim {

class WatchLink {
 public:
  using Sink = std::function<void(const kube::WatchEvent&)>;

  WatchLink(const kube::WatchTarget& target, SimApiServer& server, Random& random,
            const Voice& voice, const Faults& faults, Sink sink);

  void start(Duration now);
  // One thing that is due: a line is delivered, a timer fires, a stream ends. False: nothing is.
  bool step(Duration now);
  // Something goes wrong with an open stream.
  void disturb(Duration now);
  // Lines stop moving until then.
  void stall(Duration until) { stalled_until_ = until; }
  // The same, and nothing new is opened either.
  void cut_off(Duration until) { stalled_until_ = cut_off_until_ = until; }
  std::optional<Duration> next_due() const;
  // Whether it follows its objects, and has nothing else to do.
  bool streams() const { return machine_.synced() && stream_ && !wakes_; }

 private:
  void feed(kube::WatchInput input);
  // Passes events on and carries out the request; returns what is to be fed next.
  std::optional<kube::WatchInput> react(const std::vector<kube::WatchOutput>& outputs,
                                        Duration now);
  std::optional<kube::WatchInput> open(const kube::OpenStream& request, Duration now);
  kube::WatchInput fetch(const kube::FetchPage& request, Duration now);
  kube::WatchInput input(Duration now, decltype(kube::WatchInput::what) what);
  void say(const std::string& what);

  const kube::WatchTarget target_;
  SimApiServer& server_;
  Random& random_;
  const Voice& voice_;
  const Faults& faults_;
  const Sink sink_;
  kube::WatchMachine machine_;
  std::optional<WatchStream> stream_;
  Duration stream_ends_{};
  std::optional<Duration> wakes_;
  Duration stalled_until_{}, cut_off_until_{};
  std::string page_;       // the body that the machine is reading
  std::string last_line_;  // for repeating it
};

}  // namespace slipway::sim

// The states of a model's pod and what follows from them: who is let in, what the probes say, when
// streams are cut and the engine is stopped. Pure: times are handed in.
//
//   Verifying -> Loading -> Warming -> Ready -> Draining -> Stopped
//        \__________\__________\_________\_________\______> Failed
#pragma once

#include <optional>
#include <string_view>

#include "crds/base/time.hpp"
#include "runtime-images/agent/report.hpp"

namespace slipway::agent {

enum class State { Verifying, Loading, Warming, Ready, Draining, Stopped, Failed };

std::string_view to_string(State state);

// The engine gets this much of the grace period to end; the rest belongs to the streams.
inline constexpr Duration kEngineShare{5000};

struct DrainTimes {
  Duration delay{5000};    // until every balancer knows that the pod is going
  Duration grace{60'000};  // after which the kubelet kills
};

class Lifecycle {
 public:
  explicit Lifecycle(DrainTimes times) : times_(times) {}

  // Progress, in the order of the states; ignored once the pod drains, stopped or failed.
  void advance(State to);
  // The first failure counts.
  void fail(AgentReport why);
  // SIGTERM. Before Ready there is nothing to drain: Stopped at once.
  void terminate(Time now);
  void stopped();

  State state() const { return state_; }
  const std::optional<AgentReport>& failure() const { return failure_; }
  bool ready() const { return state_ == State::Ready; }
  // Whether it was ever ready: the startup probe's question.
  bool started() const { return started_; }
  // Whether a new request is served.
  bool accepts(Time now) const;

  // What draining asks for now.
  struct Drain {
    bool cut_streams = false;
    bool stop_engine = false;
    std::optional<Time> look_again;
  };
  Drain drain(Time now, int in_flight) const;

 private:
  DrainTimes times_;
  State state_ = State::Verifying;
  bool started_ = false;
  std::optional<AgentReport> failure_;
  Time closing_, deadline_;  // valid from Draining on
};

}  // namespace slipway::agent

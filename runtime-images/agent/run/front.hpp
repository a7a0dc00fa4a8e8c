// What all connections of the public port share: who is served, the state, the measurements. One
// thread; owned by the pod, outlives every connection.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "runtime-images/agent/run/lifecycle.hpp"
#include "runtime-images/agent/run/metrics.hpp"

namespace slipway::agent {

class Exchange;

struct Front {
  explicit Front(DrainTimes times) : lifecycle(times) {}

  std::vector<std::string> names;  // of the model; the first is its own
  std::string socket_path;         // of the engine
  std::string digest;              // of what is served
  long started = 0;                // Unix seconds
  Lifecycle lifecycle;
  Metrics metrics;
  std::set<Exchange*> exchanges;  // running now
  std::size_t buffered = 0;       // bytes of request bodies in memory
  std::uint64_t next_id = 0;
  std::function<void(const std::string&)> print;
  std::function<void()> on_idle;  // an exchange ended
};

}  // namespace slipway::agent

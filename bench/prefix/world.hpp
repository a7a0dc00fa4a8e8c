// Engines and the gateways before them, on one virtual clock: replays a trace and measures.
#pragma once

#include "bench/prefix/policy.hpp"

namespace slipway::bench {

struct Layout {
  EngineModel model{};
  std::uint32_t engines = 8;
  std::uint32_t gateways = 1;  // each request comes to one of them at random
  double scrape = 0.2;         // s between two looks at an engine's metrics
};

struct Measured {
  double hit_rate = 0;  // share of prompt tokens that caches spared
  double p50 = 0;       // of the time to the first token, s
  double p99 = 0;
};

// Replays the trace as it is paced. The first tenth of the requests warms caches up and is not
// measured.
Measured replay(const Trace& trace, const Layout& layout, const Contender& contender,
                std::uint64_t seed);
// Requests a second that the engines serve from a backlog of the whole trace, dealt round robin:
// what 100 % of load stands for.
double capacity(const Trace& trace, const Layout& layout);

}  // namespace slipway::bench

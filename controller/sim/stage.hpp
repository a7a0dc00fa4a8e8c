// What the parts of one simulated world share. Everything in it outlives them.
#pragma once

#include "controller/sim/faults.hpp"
#include "controller/sim/invariants.hpp"
#include "controller/sim/random.hpp"
#include "controller/sim/sim_api_server.hpp"
#include "controller/sim/trace.hpp"

namespace slipway::sim {

inline constexpr Time kEpoch{std::chrono::seconds(1'700'000'000)};

struct Stage {
  SimApiServer& server;
  Random& random;
  Trace& trace;
  const Faults& faults;
  Invariants& invariants;
  const Duration& now;
  // While everything is at rest, time is skipped in which leases would only be renewed: nobody who
  // has to do with them has lived through it.
  const Duration& skipped;

  Duration lived() const { return now - skipped; }
};

}  // namespace slipway::sim

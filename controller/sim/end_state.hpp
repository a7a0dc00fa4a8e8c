// The state of a cluster as it can be compared with another cluster's: without identities, times
// and counters. Pure.
#pragma once

#include "controller/sim/sim_api_server.hpp"
#include "crds/base/json.hpp"

namespace slipway::sim {

// Everything that Slipway made or wrote, by "Kind namespace/name"; pods as counts.
Json end_state(const SimApiServer& server);

// The first difference, as text; empty if there is none.
std::string first_difference(const Json& got, const Json& wanted);

}  // namespace slipway::sim

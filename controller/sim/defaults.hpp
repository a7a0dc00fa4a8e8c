// What the real API server fills in when an object is stored, for the fields that matter to a
// reconciler: those of kinds that Slipway renders. Pure.
#pragma once

#include <string>

#include "crds/base/json.hpp"

namespace slipway::sim {

// Idempotent. `cluster_ip` is what a Service without an address gets.
void apply_defaults(Json& object, const std::string& cluster_ip);

// Whether the API keeps `status` behind a subresource of its own, and counts a generation.
bool has_status_subresource(const std::string& kind);
bool has_generation(const std::string& kind);

}  // namespace slipway::sim

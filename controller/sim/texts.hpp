// What the judges of a simulation read of an object, and how they name it. Pure.
#pragma once

#include <string>

#include "controller/sim/field_paths.hpp"
#include "crds/base/json.hpp"

namespace slipway::sim {

// Empty if there is no text.
std::string text_at(const Json& object, const Path& path);
// "Kind namespace/name".
std::string title(const Json& object);
// "namespace/service" of a child or pod.
std::string service_of(const Json& object);

}  // namespace slipway::sim

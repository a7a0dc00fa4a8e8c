// What the API server refuses of a write, as far as a reconciler could try it. Pure.
#pragma once

#include <string>

#include "crds/base/json.hpp"
#include "crds/base/result.hpp"

namespace slipway::sim {

std::string named(const std::string& kind, const std::string& name);  // in what the server says
bool being_deleted(const Json& object);

// Whether the write was decided from another object, or an older version of it, than `live`.
Result<> check_preconditions(const Json& live, const Json& sent);
// Only the server itself adds finalizers to what is being deleted.
Result<> check_finalizers(const Json& before, const Json& after);
// `before` is null for a creation.
Result<> check_valid(const Json& before, const Json& after);

}  // namespace slipway::sim

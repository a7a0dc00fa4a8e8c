// Server-side apply as a pure function: a live object, who owns which of its fields, and what a
// manager sends, to the merged object and the new owners. Known differences from the real server:
// only the lists named in field_paths.cpp are merged by key, quantities are compared as text.
#pragma once

#include <map>
#include <string>

#include "controller/sim/field_paths.hpp"
#include "crds/base/json.hpp"
#include "crds/base/result.hpp"

namespace slipway::sim {

using Owners = std::map<std::string, FieldSet>;  // manager -> the fields it set

struct Owned {
  Json object;
  Owners owners;
};

// Fields that the manager owned, no longer sends, and that nobody else owns, go away. A field that
// another manager owns with another value is a Conflict, or changes hands with `force`.
// REQUIRES: `intent` holds only what the endpoint accepts (see `owned_part`).
Result<Owned> merge_apply(Owned live, const Json& intent, const std::string& manager, bool force);

// What a plain update by `manager` means for the owners: it owns what it changed, and the objects
// that were not there before. (A custom resource of which an apply takes all fields of such an
// object is refused: the object would be null.)
void note_update(Owners& owners, const std::string& manager, const Json& before, const Json& after);

// `object` without the parts that identify it or belong to the server: the rest has owners.
Json owned_part(const Json& object);

}  // namespace slipway::sim

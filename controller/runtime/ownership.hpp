// Whose an object is that has the name of one of our children. Pure.
#pragma once

#include <string>

#include "crds/base/json.hpp"
#include "crds/types/object_meta.hpp"

namespace slipway {

enum class Ownership {
  Ours,         // the controller reference is that of the desired object, or we may adopt it
  Predecessor,  // of a deleted object of the owner's name: the garbage collector will take it
  Foreign,
};

// What the desired object says about its owner decides.
Ownership ownership(const ObjectMeta& live, const Json& desired);

// `Service "chat" exists and belongs to Helm release web; rename this service or delete that one`
std::string namesake_complaint(const ObjectMeta& live, const Json& desired);

}  // namespace slipway

// Ownership: every child carries one controller reference, by uid, so that it goes with its owner
// and so that we can tell ours from a stranger's of the same name.
#pragma once

#include <string_view>

#include "crds/base/json.hpp"
#include "crds/types/object_meta.hpp"

namespace slipway {

// The controller reference to an object of our group.
Json owner_reference(std::string_view kind, const ObjectMeta& owner);
// True if `child`'s controller reference has the uid of `owner`.
bool is_owned_by(const ObjectMeta& child, const ObjectMeta& owner);

}  // namespace slipway

#include "reconcilers/common/owners.hpp"

#include <algorithm>

namespace slipway {

Json owner_reference(std::string_view kind, const ObjectMeta& owner) {
  return {{"apiVersion", kApiVersion}, {"kind", kind},       {"name", owner.name},
          {"uid", owner.uid},          {"controller", true}, {"blockOwnerDeletion", true}};
}

bool is_owned_by(const ObjectMeta& child, const ObjectMeta& owner) {
  return std::ranges::any_of(child.owner_references, [&](const OwnerReference& reference) {
    return reference.controller && reference.uid == owner.uid;
  });
}

}  // namespace slipway

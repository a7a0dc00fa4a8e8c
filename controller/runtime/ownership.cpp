#include "controller/runtime/ownership.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconcilers/common/names.hpp"

namespace slipway {
namespace {

const OwnerReference* controller_of(const ObjectMeta& metadata) {
  const auto found = std::ranges::find_if(
      metadata.owner_references, [](const OwnerReference& owner) { return owner.controller; });
  return found == metadata.owner_references.end() ? nullptr : &*found;
}

std::string text_at(const Json& object, const char* pointer) {
  const Json::json_pointer at(pointer);
  return object.contains(at) ? object[at].get<std::string>() : "";
}

std::string value_at(const std::map<std::string, std::string>& entries, const char* key) {
  const auto found = entries.find(key);
  return found == entries.end() ? "" : found->second;
}

// The uid, kind and name of the desired object's only owner.
constexpr const char* kUid = "/metadata/ownerReferences/0/uid";
constexpr const char* kKind = "/metadata/ownerReferences/0/kind";
constexpr const char* kName = "/metadata/ownerReferences/0/name";

std::string holder_of(const ObjectMeta& live) {
  if (const OwnerReference* owner = controller_of(live)) return owner->kind + " " + owner->name;
  if (!live.owner_references.empty()) {
    return live.owner_references.front().kind + " " + live.owner_references.front().name;
  }
  const std::string release = value_at(live.annotations, "meta.helm.sh/release-name");
  if (!release.empty()) return "Helm release " + release;
  return value_at(live.labels, kManagedByLabel);
}

}  // namespace

Ownership ownership(const ObjectMeta& live, const Json& desired) {
  const std::string uid = text_at(desired, kUid);
  const OwnerReference* controller = controller_of(live);
  if (controller) {
    if (!uid.empty() && controller->uid == uid) return Ownership::Ours;
    const bool same_name =
        controller->kind == text_at(desired, kKind) && controller->name == text_at(desired, kName);
    return same_name ? Ownership::Predecessor : Ownership::Foreign;
  }
  // Left behind by a deletion that orphaned it, or its reference was taken away: we made it.
  const bool made_by_us = value_at(live.labels, kManagedByLabel) == "slipway";
  return made_by_us ? Ownership::Ours : Ownership::Foreign;
}

std::string namesake_complaint(const ObjectMeta& live, const Json& desired) {
  const std::string holder = holder_of(live);
  return fmt::format("{} \"{}\" exists and {}; rename this service or delete that one",
                     desired.value("kind", ""), live.name,
                     holder.empty() ? "was not made by Slipway" : "belongs to " + holder);
}

}  // namespace slipway

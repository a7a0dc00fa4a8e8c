#include "controller/sim/server_side_apply.hpp"

#include <algorithm>
#include <array>

namespace slipway::sim {
namespace {

constexpr std::array<const char*, 9> kServerMetadata = {
    "name",         "namespace",         "uid",
    "generation",   "resourceVersion",   "creationTimestamp",
    "generateName", "deletionTimestamp", "deletionGracePeriodSeconds"};

void merge_into(Json& live, const Json& intent, Path& path) {
  const MergeRule rule = merge_rule(path, intent);
  if (rule.merge == Merge::Atomic || !live.is_structured() ||
      live.is_object() != intent.is_object()) {
    live = intent;
    return;
  }
  if (rule.merge == Merge::Granular) {
    for (const auto& [name, member] : intent.items()) {
      if (member.is_null()) continue;
      path.push_back(name);
      if (!live.contains(name)) live[name] = member.is_object() ? Json::object() : Json();
      merge_into(live[name], member, path);
      path.pop_back();
    }
    return;
  }
  for (const Json& element : intent) {
    const std::string step =
        rule.merge == Merge::Set ? "=" + element.dump() : element_step(element, rule.keys);
    const auto found = std::ranges::find_if(live, [&](const Json& candidate) {
      return (rule.merge == Merge::Set ? "=" + candidate.dump()
                                       : element_step(candidate, rule.keys)) == step;
    });
    if (found == live.end()) {
      live.push_back(element);
    } else if (rule.merge == Merge::KeyedList) {
      path.push_back(step);
      merge_into(*found, element, path);
      path.pop_back();
    }
  }
}

bool owned_by_another(const Owners& owners, const std::string& manager, const Path& path) {
  return std::ranges::any_of(owners, [&](const auto& owner) {
    return owner.first != manager && owner.second.contains(path);
  });
}

// The first field that another manager owns with another value; empty if there is none.
std::string find_conflict(const Owned& live, const std::map<Path, const Json*>& wanted,
                          const std::string& manager) {
  for (const auto& [path, value] : wanted) {
    if (value == nullptr) continue;
    const Json* current = find_at(live.object, path);
    if (current == nullptr || *current == *value) continue;
    for (const auto& [other, fields] : live.owners) {
      if (other != manager && fields.contains(path))
        return "conflict with \"" + other + "\": " + to_string(path);
    }
  }
  return {};
}

void prune(Owned& live, const FieldSet& dropped, const std::string& manager) {
  for (const Path& path : dropped) {
    if (owned_by_another(live.owners, manager, path)) continue;
    // A list element stays while somebody else owns something inside of it.
    const bool shared_inside = std::ranges::any_of(live.owners, [&](const auto& owner) {
      if (owner.first == manager) return false;
      const auto inside = owner.second.upper_bound(path);
      return inside != owner.second.end() && inside->size() > path.size() &&
             std::equal(path.begin(), path.end(), inside->begin());
    });
    if (!shared_inside) erase_at(live.object, path);
  }
}

}  // namespace

Result<Owned> merge_apply(Owned live, const Json& intent, const std::string& manager, bool force) {
  const std::map<Path, const Json*> wanted = leaves(intent);
  if (!force) {
    if (std::string conflict = find_conflict(live, wanted, manager); !conflict.empty())
      return fail(Fault::Conflict, "Apply failed with 1 conflict: " + conflict);
  }
  FieldSet sent;
  for (const auto& [path, value] : wanted) {
    sent.insert(sent.end(), path);
    const Json* current = value == nullptr ? nullptr : find_at(live.object, path);
    if (current == nullptr || *current == *value) continue;
    for (auto& [other, fields] : live.owners) {
      if (other != manager) fields.erase(path);
    }
  }
  FieldSet dropped;
  std::ranges::set_difference(live.owners[manager], sent, std::inserter(dropped, dropped.end()));
  live.owners[manager] = std::move(sent);
  prune(live, dropped, manager);
  Path path;
  merge_into(live.object, intent, path);
  std::erase_if(live.owners, [](const auto& owner) { return owner.second.empty(); });
  return live;
}

void note_update(Owners& owners, const std::string& manager, const Json& before,
                 const Json& after) {
  const std::map<Path, const Json*> old_leaves = leaves(before);
  const std::map<Path, const Json*> new_leaves = leaves(after);
  for (const auto& [path, value] : new_leaves) {
    const auto old = old_leaves.find(path);
    if (old != old_leaves.end() &&
        (value == nullptr || (old->second != nullptr && *old->second == *value)))
      continue;
    for (auto& [other, fields] : owners) fields.erase(path);
    owners[manager].insert(path);
  }
  for (const auto& [path, value] : old_leaves) {
    if (new_leaves.contains(path)) continue;
    for (auto& [other, fields] : owners) fields.erase(path);
  }
  std::erase_if(owners, [](const auto& owner) { return owner.second.empty(); });
}

Json owned_part(const Json& object) {
  Json part = object;
  erase_member(part, "apiVersion");
  erase_member(part, "kind");
  erase_member(part, "status");
  const auto metadata = part.find("metadata");
  if (metadata != part.end()) {
    for (const char* name : kServerMetadata) erase_member(*metadata, name);
    erase_member(*metadata, "managedFields");
    if (metadata->empty()) erase_member(part, "metadata");
  }
  return part;
}

}  // namespace slipway::sim

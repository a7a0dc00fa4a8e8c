#include "controller/sim/server_side_apply.hpp"

#include <algorithm>
#include <array>

namespace slipway::sim {
namespace {

constexpr std::array<const char*, 9> kServerMetadata = {
    "name",         "namespace",         "uid",
    "generation",   "resourceVersion",   "creationTimestamp",
    "generateName", "deletionTimestamp", "deletionGracePeriodSeconds"};

void merge_into(Json& live, const Json& intent, Path& path);

// Elements that both have come in the order of `intent`; one that only `live` has stays before the
// element that it stood before.
Json merge_lists(const Json& live, const Json& intent, const MergeRule& rule, Path& path) {
  const auto steps_of = [&](const Json& list) {
    std::vector<std::string> steps;
    for (const Json& element : list) steps.push_back(element_step(element, rule));
    return steps;
  };
  const std::vector<std::string> old_steps = steps_of(live), new_steps = steps_of(intent);
  const auto is_in = [](const std::vector<std::string>& steps, const std::string& step) {
    return std::ranges::find(steps, step) != steps.end();
  };
  Json out = Json::array();
  std::size_t old_at = 0, new_at = 0;
  const auto take_new = [&] {
    const std::string& step = new_steps[new_at];
    const auto old = std::ranges::find(old_steps, step);
    Json element = old == old_steps.end() ? intent[new_at]
                                          : live[static_cast<std::size_t>(old - old_steps.begin())];
    if (old != old_steps.end() && rule.merge == Merge::KeyedList) {
      path.push_back(step);
      merge_into(element, intent[new_at], path);
      path.pop_back();
    }
    out.push_back(std::move(element));
    ++new_at;
  };
  while (old_at < old_steps.size() || new_at < new_steps.size()) {
    const bool has_old = old_at < old_steps.size(), has_new = new_at < new_steps.size();
    const bool shared = has_old && is_in(new_steps, old_steps[old_at]);
    const auto next_shared =
        std::find_if(new_steps.begin() + static_cast<std::ptrdiff_t>(new_at), new_steps.end(),
                     [&](const std::string& step) { return is_in(old_steps, step); });
    if (has_old && has_new && old_steps[old_at] == new_steps[new_at]) {
      ++old_at;
      take_new();
    } else if (shared && (next_shared == new_steps.end() || *next_shared != old_steps[old_at])) {
      ++old_at;  // its turn comes with the new ones, or has been
    } else if (has_old && !shared) {
      out.push_back(live[old_at++]);
    } else {
      take_new();
    }
  }
  return out;
}

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
  live = merge_lists(live, intent, rule, path);
}

bool is_inside(const Path& inner, const Path& outer) {
  return inner.size() >= outer.size() && std::equal(outer.begin(), outer.end(), inner.begin());
}

// Somebody else owns `path` or anything inside of it.
bool owned_by_another(const Owners& owners, const std::string& manager, const Path& path) {
  return std::ranges::any_of(owners, [&](const auto& owner) {
    if (owner.first == manager) return false;
    const auto inside = owner.second.lower_bound(path);
    return inside != owner.second.end() && is_inside(*inside, path);
  });
}

// Whoever sets a field sets what it lies in, too. Everybody names the object, so sets metadata.
FieldSet with_ancestors(const FieldSet& fields) {
  FieldSet all{{"metadata"}};
  for (const Path& path : fields) {
    for (std::size_t depth = 1; depth <= path.size(); ++depth)
      all.emplace(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth));
  }
  return all;
}

// The first field that another manager owns with another value; empty if there is none.
std::string find_conflict(const Owned& live, const std::map<Path, const Json*>& wanted,
                          const std::string& manager) {
  for (const auto& [path, value] : wanted) {
    if (value == nullptr) continue;
    const Json* current = find_at(live.object, path);
    if (current != nullptr && *current == *value) continue;
    Path disputed = path;
    if (current == nullptr) {
      // What it lies in may be gone, and still somebody's who once made it.
      disputed.pop_back();
      if (find_at(live.object, disputed) != nullptr) continue;
    }
    for (const auto& [other, fields] : live.owners) {
      if (other != manager && fields.contains(disputed))
        return "conflict with \"" + other + "\": " + to_string(disputed);
    }
  }
  return {};
}

// What the manager let go of goes with all that is inside, defaults included; only what others own
// in there stays.
void prune(Owned& live, const FieldSet& dropped, const std::string& manager) {
  for (const Path& path : dropped) {
    if (find_at(live.object, path) == nullptr) continue;  // gone with what it was in
    if (!owned_by_another(live.owners, manager, path)) {
      erase_at(live.object, path);
      continue;
    }
    const FieldSet here = fields_of(live.object);
    for (auto at = here.lower_bound(path); at != here.end() && is_inside(*at, path); ++at) {
      if (!owned_by_another(live.owners, manager, *at)) erase_at(live.object, *at);
    }
  }
}

// The paths of all objects in `value`, but for those that are merged as a whole.
void collect_objects(const Json& value, Path& path, FieldSet& out) {
  const MergeRule rule = merge_rule(path, value);
  if (rule.merge == Merge::Granular && value.is_object()) {
    if (!path.empty()) out.insert(path);
    for (const auto& [name, member] : value.items()) {
      path.push_back(name);
      collect_objects(member, path, out);
      path.pop_back();
    }
  } else if (rule.merge == Merge::KeyedList) {
    for (const Json& element : value) {
      path.push_back(element_step(element, rule));
      collect_objects(element, path, out);
      path.pop_back();
    }
  }
}

}  // namespace

Result<Owned> merge_apply(Owned live, const Json& intent, const std::string& manager, bool force) {
  if (const Path repeated = repeated_element(intent); !repeated.empty())
    return fail(Fault::Unavailable,
                "500 Internal Server Error: duplicate entries for key: " + to_string(repeated));
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
  std::ranges::set_difference(with_ancestors(live.owners[manager]), with_ancestors(sent),
                              std::inserter(dropped, dropped.end()));
  live.owners[manager] = std::move(sent);
  prune(live, dropped, manager);
  Path path;
  merge_into(live.object, intent, path);
  std::erase_if(live.owners, [](const auto& owner) { return owner.second.empty(); });
  if (live.object.value("apiVersion", "").starts_with("serving.slipway.dev/")) {
    for (const Path& gone : dropped) {
      if (gone.front() != "metadata" && owned_by_another(live.owners, manager, gone) &&
          find_at(live.object, gone) == nullptr)
        return fail(Fault::Invalid, to_string(gone) + ": must be of type object: null");
    }
  }
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
  FieldSet objects;
  Path root;
  collect_objects(after, root, objects);
  for (const Path& path : objects) {
    if (find_at(before, path) == nullptr) owners[manager].insert(path);
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

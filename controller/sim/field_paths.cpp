#include "controller/sim/field_paths.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace slipway::sim {
namespace {

struct KeyedField {
  std::string_view name;
  std::string_view parent;  // empty: wherever it is
  std::array<const char*, 2> keys;
};

// The lists that Slipway or its users send, with the keys that the API declares for them.
constexpr std::array<KeyedField, 14> kKeyedFields = {{
    {"ownerReferences", "", {"uid", nullptr}},
    {"conditions", "", {"type", nullptr}},
    {"evaluations", "", {"name", nullptr}},
    {"initContainers", "", {"name", nullptr}},
    {"containers", "", {"name", nullptr}},
    {"volumes", "", {"name", nullptr}},
    {"imagePullSecrets", "", {"name", nullptr}},
    {"env", "", {"name", nullptr}},
    {"volumeMounts", "", {"mountPath", nullptr}},
    {"topologySpreadConstraints", "", {"topologyKey", "whenUnsatisfiable"}},
    {"hostAliases", "", {"ip", nullptr}},
    {"formats", "spec", {"name", nullptr}},
    {"ports", "spec", {"port", "protocol"}},
    {"ports", "", {"containerPort", "protocol"}},
}};

constexpr std::array<std::string_view, 3> kAtomicMaps = {"selector", "nodeSelector",
                                                         "labelSelector"};

void collect(const Json& value, Path& path, std::map<Path, const Json*>& out) {
  if (value.is_null()) return;
  const MergeRule rule = merge_rule(path, value);
  if (rule.merge == Merge::Atomic || value.empty()) {
    if (!path.empty()) out.emplace(path, &value);
    return;
  }
  if (rule.merge == Merge::Granular) {
    for (const auto& [name, member] : value.items()) {
      path.push_back(name);
      collect(member, path, out);
      path.pop_back();
    }
    return;
  }
  for (const Json& element : value) {
    path.push_back(element_step(element, rule));
    const bool whole = merge_rule(path, element).merge == Merge::Atomic;
    out.emplace(path, whole && rule.merge == Merge::KeyedList ? &element : nullptr);
    if (rule.merge == Merge::KeyedList && !whole) collect(element, path, out);
    path.pop_back();
  }
}

bool finds_repeated(const Json& value, Path& path) {
  const MergeRule rule = merge_rule(path, value);
  if (rule.merge == Merge::Atomic || rule.merge == Merge::Set) return false;
  std::set<std::string> seen;
  for (const auto& [name, member] : value.items()) {
    path.push_back(rule.merge == Merge::KeyedList ? element_step(member, rule) : name);
    if (rule.merge == Merge::KeyedList && !seen.insert(path.back()).second) return true;
    if (finds_repeated(member, path)) return true;
    path.pop_back();
  }
  return false;
}

// The position of the element that `step` names; end if the list has none.
Json::const_iterator find_element(const Json& list, const Path& path, const std::string& step) {
  const MergeRule rule = merge_rule(path, list);
  return std::find_if(list.begin(), list.end(),
                      [&](const Json& element) { return element_step(element, rule) == step; });
}

// True if `value` is now empty and so has to go as well.
bool erase_below(Json& value, const Path& path, std::size_t depth) {
  const Path here(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth));
  const std::string& step = path[depth];
  const bool last = depth + 1 == path.size();
  if (value.is_object()) {
    const auto member = value.find(step);
    if (member == value.end()) return false;
    if (last || erase_below(*member, path, depth + 1)) erase_member(value, step);
  } else if (value.is_array()) {
    const auto found = find_element(value, here, step);
    if (found == value.end()) return false;
    const auto index = found - value.begin();
    const auto position = value.begin() + index;
    if (last || erase_below(*position, path, depth + 1)) value.erase(position);
  } else {
    return false;
  }
  return value.empty();
}

}  // namespace

MergeRule merge_rule(const Path& path, const Json& value) {
  if (!value.is_structured()) return {Merge::Atomic, {}};
  if (path.empty()) return {};
  const std::string& name = path.back();
  const std::string_view parent = path.size() > 1 ? std::string_view(path[path.size() - 2]) : "";
  // An owner reference is one value.
  if (name.front() == '[')
    return {parent == "ownerReferences" ? Merge::Atomic : Merge::Granular, {}};
  if (value.is_object()) {
    const bool atomic = std::ranges::find(kAtomicMaps, name) != kAtomicMaps.end();
    return {atomic ? Merge::Atomic : Merge::Granular, {}};
  }
  if (name == "finalizers") return {Merge::Set, {}};
  for (const KeyedField& field : kKeyedFields) {
    if (field.name != name || (!field.parent.empty() && field.parent != parent)) continue;
    // A list of plain values under a keyed name is no such list.
    if (!value.empty() && !value.front().is_object()) break;
    MergeRule rule{Merge::KeyedList, {field.keys[0]}};
    if (field.keys[1] != nullptr) rule.keys.emplace_back(field.keys[1]);
    return rule;
  }
  return {Merge::Atomic, {}};
}

std::string element_step(const Json& element, const MergeRule& rule) {
  if (rule.merge == Merge::Set) return "=" + element.dump();
  std::string step = "[";
  for (const std::string& key : rule.keys) {
    if (step.size() > 1) step += ",";
    const auto member = element.find(key);
    if (member != element.end()) {
      step += key + "=" + member->dump();
    } else {
      step += key + (key == "protocol" ? "=\"TCP\"" : "=null");
    }
  }
  return step + "]";
}

std::map<Path, const Json*> leaves(const Json& value) {
  std::map<Path, const Json*> out;
  Path path;
  collect(value, path, out);
  return out;
}

Path repeated_element(const Json& value) {
  Path path;
  return finds_repeated(value, path) ? path : Path{};
}

FieldSet fields_of(const Json& value) {
  FieldSet out;
  for (const auto& [path, leaf] : leaves(value)) out.insert(out.end(), path);
  return out;
}

const Json* find_at(const Json& root, const Path& path) {
  const Json* here = &root;
  for (std::size_t depth = 0; depth < path.size(); ++depth) {
    if (here->is_object()) {
      const auto member = here->find(path[depth]);
      if (member == here->end()) return nullptr;
      here = &*member;
    } else if (here->is_array()) {
      const Path list(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth));
      const auto element = find_element(*here, list, path[depth]);
      if (element == here->end()) return nullptr;
      here = &*element;
    } else {
      return nullptr;
    }
  }
  return here;
}

void erase_member(Json& object, const std::string& name) {
  if (!object.contains(name)) return;
  Json rest = Json::object();
  for (auto& [key, member] : object.items()) {
    if (key != name) rest[key] = std::move(member);
  }
  object = std::move(rest);
}

void erase_at(Json& root, const Path& path) {
  if (!path.empty()) erase_below(root, path, 0);
}

std::string to_string(const Path& path) {
  std::string text;
  for (const std::string& step : path) {
    if (step.front() != '[') text += ".";
    text += step;
  }
  return text;
}

}  // namespace slipway::sim

// Which fields of an object a manager set, as server-side apply counts them: a set of paths to
// leaves and to elements of keyed lists. Pure values and functions; part of the simulated server.
// Source: kubernetes.io/docs/reference/using-api/server-side-apply (merge strategy, ownership).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "crds/base/json.hpp"

namespace slipway::sim {

// One step is a member's name, `[name="engine"]` for an element of a keyed list, or `="x"` for an
// element of a set. Paths order so that a container comes before what it holds.
using Path = std::vector<std::string>;
using FieldSet = std::set<Path>;

enum class Merge { Granular, Atomic, KeyedList, Set };

// How the value at `path` is merged. `keys` are those of a keyed list.
struct MergeRule {
  Merge merge = Merge::Granular;
  std::vector<std::string> keys;
};
MergeRule merge_rule(const Path& path, const Json& value);

// The step to an element of a list that is merged by `rule`: `[name="engine"]`, where a missing
// `protocol` counts as TCP, or `="x"`. REQUIRES: the list is a keyed one or a set.
std::string element_step(const Json& element, const MergeRule& rule);

// Every leaf and every list element below `value`. Elements of keyed lists have no value of their
// own (nullptr). The pointers live as long as `value`.
std::map<Path, const Json*> leaves(const Json& value);
FieldSet fields_of(const Json& value);

// Where below `value` a keyed list has two elements of the same keys; empty if nowhere. The API
// server fails an apply of such a list with 500.
Path repeated_element(const Json& value);

// The value at `path`; nullptr if there is none.
const Json* find_at(const Json& root, const Path& path);
// Removes a member if it is there. (With JSON_DIAGNOSTICS, `erase` of nlohmann's ordered objects
// leaves the parents of the members behind it wrong, and aborts later.)
void erase_member(Json& object, const std::string& name);
// Removes the value at `path`, and the containers that this leaves empty.
void erase_at(Json& root, const Path& path);

// `.spec.template.spec.containers[name="engine"].image`
std::string to_string(const Path& path);

}  // namespace slipway::sim

#include "controller/sim/validation.hpp"

#include <algorithm>
#include <string>

#include "controller/sim/field_paths.hpp"

namespace slipway::sim {
namespace {

std::string named(const Json& object) {
  return sim::named(object.value("kind", ""), object["metadata"].value("name", ""));
}

tl::unexpected<Error> invalid(const Json& object, const std::string& why) {
  return fail(Fault::Invalid, named(object) + " is invalid: " + why);
}

Json list_at(const Json& root, const Path& path) {
  const Json* found = find_at(root, path);
  return found == nullptr ? Json::array() : *found;
}

bool contains(const Json* labels, const Json& wanted) {
  for (const auto& [name, value] : wanted.items()) {
    if (labels == nullptr || !labels->contains(name) || (*labels)[name] != value) return false;
  }
  return true;
}

// An apply of a part cannot make a Deployment. And what an apply leaves over of an element that
// others still own may lack what it needs.
Result<> check_pod(const Json& deployment) {
  if (find_at(deployment, {"spec", "template"}) == nullptr)
    return invalid(deployment, "spec.selector and spec.template: Required value");
  for (const Json& spread :
       list_at(deployment, {"spec", "template", "spec", "topologySpreadConstraints"}))
    if (!spread.contains("maxSkew"))
      return invalid(deployment, "topologySpreadConstraints: maxSkew: must be greater than zero");
  for (const Json& container : list_at(deployment, {"spec", "template", "spec", "containers"}))
    if (!container.contains("image"))
      return invalid(deployment, "containers: image: Required value");
  return {};
}

Result<> check_deployment(const Json& before, const Json& after) {
  SLIPWAY_TRY(check_pod(after));
  const Json strategy = after["spec"].value("strategy", Json::object());
  if (strategy.value("type", "") == "Recreate" && strategy.contains("rollingUpdate"))
    return invalid(after, "spec.strategy.rollingUpdate: Forbidden");
  const Json* labels = find_at(after, {"spec", "template", "metadata", "labels"});
  const Json* chosen = find_at(after, {"spec", "selector", "matchLabels"});
  if (chosen != nullptr && !contains(labels, *chosen))
    return invalid(after, "`selector` does not match template `labels`");
  const Json* old_selector = find_at(before, {"spec", "selector"});
  const Json* new_selector = find_at(after, {"spec", "selector"});
  if (old_selector != nullptr && (new_selector == nullptr || *old_selector != *new_selector))
    return invalid(after, "spec.selector: field is immutable");
  return {};
}

}  // namespace

std::string named(const std::string& kind, const std::string& name) {
  return kind + " \"" + name + "\"";
}

bool being_deleted(const Json& object) {
  return object.at("metadata").contains("deletionTimestamp");
}

Result<> check_preconditions(const Json& live, const Json& sent) {
  const Json& metadata = live.at("metadata");
  const Json wanted = sent.value("metadata", Json::object());
  if (wanted.contains("uid") && wanted["uid"] != metadata.at("uid"))
    return fail(Fault::Conflict, named(live) + " is invalid: metadata.uid: field is immutable");
  if (wanted.contains("resourceVersion") &&
      wanted["resourceVersion"] != metadata.at("resourceVersion"))
    return fail(Fault::Conflict, "Operation cannot be fulfilled on " + named(live) +
                                     ": the object has been modified; please apply your changes "
                                     "to the latest version and try again");
  return {};
}

Result<> check_finalizers(const Json& before, const Json& after) {
  if (!being_deleted(before)) return {};
  const Json held = list_at(before, {"metadata", "finalizers"});
  for (const Json& name : list_at(after, {"metadata", "finalizers"})) {
    if (std::ranges::find(held, name) == held.end())
      return invalid(after,
                     "metadata.finalizers: no new finalizers can be added if the object is being "
                     "deleted");
  }
  return {};
}

Result<> check_valid(const Json& before, const Json& after) {
  if (after.value("kind", "") == "Deployment") SLIPWAY_TRY(check_deployment(before, after));
  const Json owners = list_at(after, {"metadata", "ownerReferences"});
  const auto controllers =
      std::ranges::count_if(owners, [](const Json& o) { return o.value("controller", false); });
  if (controllers > 1)
    return invalid(after,
                   "metadata.ownerReferences: only one reference can have Controller set to true");
  return {};
}

}  // namespace slipway::sim

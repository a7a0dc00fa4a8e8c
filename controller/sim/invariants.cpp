#include "controller/sim/invariants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "controller/sim/texts.hpp"
#include "crds/base/check.hpp"
#include "crds/types/fields.hpp"
#include "reconcilers/common/names.hpp"

namespace slipway::sim {
namespace {

const char* const kUs = "slipway";
const char* const kScaleUs = "slipway-scale";

// The uid of the InferenceService that controls the object; empty if none does.
std::string controller_of(const Json& object) {
  const Json* owners = find_at(object, {"metadata", "ownerReferences"});
  if (owners == nullptr) return {};
  for (const Json& owner : *owners) {
    if (owner.value("controller", false) && owner.at("kind") == "InferenceService")
      return owner.at("uid").get<std::string>();
  }
  return {};
}

bool is_child_kind(const std::string& kind) {
  return kind == "Deployment" || kind == "Service" || kind == "HorizontalPodAutoscaler" ||
         kind == "PodDisruptionBudget" || kind == "ModelVersion";
}

std::string selected_by(const Json& service) {
  return text_at(service, {"spec", "selector", kRevisionLabel});
}

}  // namespace

void Invariants::require(bool holds, const std::string& what) {
  if (!holds) broken_.push_back(what);
}

void Invariants::on_remove(const kube::RemoveRequest& request) {
  require(!request.uid.empty(), fmt::format("{} {}/{} is deleted by name, without a uid",
                                            request.resource.kind, request.ns, request.name));
}

void Invariants::carry_out(Knowledge& known, const Sent& sent, const std::function<void()>& write) {
  writer_ = &known;
  sent_ = &sent;
  write();
  writer_ = nullptr;
  sent_ = nullptr;
}

void Invariants::on_effect(const Effect& effect, Duration lived) {
  if ((effect.after != nullptr ? *effect.after : *effect.before)["kind"] == "Lease")
    return fencing_.on_lease(effect.after, lived);
  if (effect.actor != kUs && effect.actor != kScaleUs) return;
  SLIPWAY_CHECK(writer_ != nullptr, "what the controller does is done by a replica");
  const std::string fenced = fencing_.judge(effect, *sent_, lived);
  require(fenced.empty(), fenced);
  const Json& object = effect.after != nullptr ? *effect.after : *effect.before;
  const std::string kind = text_at(object, {"kind"});
  if (effect.before == nullptr) ++creations_[title(object)];
  if (effect.after == nullptr) ++removals_[title(object)];
  if (is_child_kind(kind)) check_ownership(effect);
  if (effect.after == nullptr) return check_removal(object);
  if (effect.before == nullptr) check_single(object);
  if (kind == "Deployment" && effect.before == nullptr)
    writer_->on_made(service_of(object), text_at(object, {"metadata", "labels", kRevisionLabel}));
  if (kind == "Service") check_selector(effect);
  if (kind == "InferenceService" || kind == "ModelVersion") check_status(object);
}

bool Invariants::is_alive(const std::string& uid) const {
  const std::vector<const Json*> owners = server_.list(kApiVersion, "InferenceService");
  return std::ranges::any_of(
      owners, [&](const Json* owner) { return owner->at("metadata").at("uid") == uid; });
}

// Nothing that belongs to somebody else is changed or removed, and nothing changes hands.
void Invariants::check_ownership(const Effect& effect) {
  if (effect.before == nullptr) {
    require(!controller_of(*effect.after).empty(), title(*effect.after) + " is made without owner");
    return;
  }
  const std::string before = controller_of(*effect.before);
  // Left behind by a deletion that orphaned it: made by us, and free to be taken up again.
  const bool orphan =
      before.empty() && text_at(*effect.before, {"metadata", "labels", kManagedByLabel}) == kUs;
  // The status of a ModelVersion that a user made is ours, the rest is not.
  const bool status_only =
      effect.after != nullptr && owned_part(*effect.before) == owned_part(*effect.after);
  require(!before.empty() || status_only || orphan,
          title(*effect.before) + " is changed or removed though no InferenceService owns it");
  if (effect.after == nullptr || before.empty()) return;
  require(controller_of(*effect.after) == before || !is_alive(before),
          title(*effect.after) + " is taken from the InferenceService that owns it");
}

// A Deployment that the Service still selects, as we last wrote it, must stay.
void Invariants::check_removal(const Json& before) {
  if (text_at(before, {"kind"}) != "Deployment") return;
  const std::string revision = text_at(before, {"metadata", "labels", kRevisionLabel});
  for (const Json* service : server_.list("v1", "Service")) {
    if (controller_of(*service) != controller_of(before)) continue;
    const auto selected = selected_.find(controller_of(*service));
    require(selected == selected_.end() || selected->second != revision,
            title(before) + " is removed while its Service selects it");
  }
}

void Invariants::check_single(const Json& after) {
  const std::string kind = text_at(after, {"kind"});
  if (kind != "Service" && kind != "HorizontalPodAutoscaler" && kind != "PodDisruptionBudget")
    return;
  const std::vector<const Json*> all = server_.list(text_at(after, {"apiVersion"}), kind);
  const auto siblings = std::ranges::count_if(
      all, [&](const Json* it) { return controller_of(*it) == controller_of(after); });
  require(siblings <= 1, "a second " + title(after) + " for one InferenceService");
}

const Json* Invariants::deployment_of(const Json& child, const std::string& revision) const {
  for (const Json* deployment : server_.list("apps/v1", "Deployment")) {
    if (controller_of(*deployment) == controller_of(child) &&
        text_at(*deployment, {"metadata", "labels", kRevisionLabel}) == revision)
      return deployment;
  }
  return nullptr;
}

// Traffic moves to a revision only when, as far as anybody could know, it can take it.
void Invariants::check_selector(const Effect& effect) {
  const std::string uid = controller_of(*effect.after);
  const std::string to = selected_by(*effect.after);
  const std::string service = service_of(*effect.after);
  const auto known = selected_.find(uid);
  const std::string from = known == selected_.end() ? "" : known->second;
  selected_[uid] = to;
  served_[service].insert(to);
  // What a deleted service leaves behind is the garbage collector's.
  if (from.empty() || from == to || !is_alive(uid)) return;

  const Json* target = deployment_of(*effect.after, to);
  const int serving = writer_->ready_at_decision(service, from);
  if (serving == 0 || deployment_of(*effect.after, from) == nullptr) return;
  require(target != nullptr || writer_->stood(service, to),
          title(*effect.after) + " selects revision " + to + ", which has no Deployment, while " +
              from + " answers");
  if (target == nullptr) return;
  // Whoever scales the old one down meanwhile says how many are enough for both.
  int wanted = find_at(*target, {"spec", "replicas"})->get<int>();
  wanted = std::min(wanted, writer_->wanted_at_decision(service, from).value_or(wanted));
  wanted = std::max(1, wanted);
  const int ready = writer_->ready_at_decision(service, to);
  require(ready >= std::min(serving, wanted),
          fmt::format("{} moves from {} with {} ready pods to {} with {} of {}",
                      title(*effect.after), from, serving, to, ready, wanted));
}

void Invariants::check_status(const Json& after) {
  const Json* generation = find_at(after, {"metadata", "generation"});
  const Json* observed = find_at(after, {"status", "observedGeneration"});
  require(observed == nullptr || *observed <= *generation,
          title(after) + " claims to have observed a generation that does not exist");
  if (text_at(after, {"kind"}) != "InferenceService") return;
  if (text_at(after, {"status", "conditions", "[type=\"Ready\"]", "status"}) != "True") return;
  const std::string service = text_at(after, {"metadata", "namespace"}) + "/" +
                              bounded_name(text_at(after, {"metadata", "name"}));
  const auto served = served_.find(service);
  const bool answers = served != served_.end() &&
                       std::ranges::any_of(served->second, [&](const std::string& revision) {
                         // After a refusal the controller decides once more, on what it has heard
                         // meanwhile.
                         return writer_->ready_at_decision(service, revision) > 0 ||
                                writer_->ready_now(service, revision) > 0;
                       });
  require(answers,
          title(after) + " says Ready while no pod that it selected was known to be ready");
}

}  // namespace slipway::sim

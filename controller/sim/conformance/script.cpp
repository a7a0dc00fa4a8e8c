#include "controller/sim/conformance/script.hpp"

#include <array>
#include <set>
#include <utility>

#include "controller/sim/conformance/objects.hpp"
#include "controller/sim/field_paths.hpp"

namespace slipway::sim {
namespace {

struct Kind {
  const char* api_version;
  const char* kind;
};
constexpr std::array<Kind, 6> kKinds = {{{"apps/v1", "Deployment"},
                                         {"v1", "Service"},
                                         {"autoscaling/v2", "HorizontalPodAutoscaler"},
                                         {"policy/v1", "PodDisruptionBudget"},
                                         {"serving.slipway.dev/v1alpha1", "InferenceService"},
                                         {"serving.slipway.dev/v1alpha1", "ModelVersion"}}};

Known precondition(Random& random) {
  if (random.chance(0.6)) return Known::Nothing;
  if (random.chance(0.6)) return Known::Newest;
  return random.chance(0.5) ? Known::Older : Known::Wrong;
}

Step step_about(const ObjectRef& ref, Random& random) {
  Step step;
  step.ref = ref;
  step.manager = "slipway";
  const double dice = random.unit();
  if (dice < 0.1) {
    step.verb = Verb::Create;
    step.manager = "user";
    step.object = object_like(ref, random);
  } else if (dice < 0.55) {
    step.verb = Verb::Apply;
    step.manager = random.chance(0.75) ? "slipway" : "another";
    step.force = random.chance(0.6);
    step.object = object_like(ref, random);
    // Few fields: the manager lets go of all others.
    if (ref.kind == "Deployment" && random.chance(0.15)) erase_member(step.object, "spec");
    step.uid = precondition(random);
    step.version = precondition(random);
  } else if (dice < 0.65) {
    step.verb = Verb::ApplyStatus;
    step.object = {{"apiVersion", ref.api_version},
                   {"kind", ref.kind},
                   {"metadata", {{"name", ref.name}, {"namespace", ref.namespace_}}},
                   {"status", status_like(ref, random)}};
    step.uid = precondition(random);
    step.version = precondition(random);
    if (step.object["status"].is_null()) step.verb = Verb::Delete;
  } else if (dice < 0.77) {
    step.verb = Verb::Update;
    step.manager = "user";
    step.object = change_like(ref, random);
  } else if (dice < 0.82) {
    step.verb = Verb::UpdateStatus;
    step.manager = "deployment-controller";
    step.object = status_change_like(ref, random);
    if (step.object.is_null()) step.verb = Verb::Delete;
  } else if (dice < 0.9) {
    step.verb = Verb::SetFinalizers;
    step.version = random.chance(0.7) ? Known::Newest : Known::Older;
    if (random.chance(0.5)) step.finalizers = {"example.com/f1"};
  } else {
    step.verb = Verb::Delete;
  }
  if (step.verb == Verb::Delete) {
    step.object = nullptr;
    step.uid = precondition(random);
    step.version = precondition(random);
    if (random.chance(0.3))
      step.propagation =
          random.chance(0.5) ? kube::Propagation::Foreground : kube::Propagation::Orphan;
  }
  return step;
}

}  // namespace

Script script_of(std::uint64_t seed, const std::string& run) {
  Random random(seed);
  Script script;
  script.ns = "conform-" + run + "-" + std::to_string(seed);
  std::vector<ObjectRef> refs;
  for (const char* name : {"one", "two"}) {
    const Kind& kind = kKinds[random.below(kKinds.size())];
    refs.push_back({kind.api_version, kind.kind, script.ns, name});
  }
  const int steps = random.between(6, 14);
  std::set<ObjectRef> held;  // by a finalizer that a deletion added
  for (int i = 0; i < steps; ++i) {
    // Mostly the first one, so that its story is a long one.
    Step step = step_about(refs[random.chance(0.7) ? 0 : 1], random);
    // The real server takes such a finalizer away first, and then refuses the version that it made.
    if (step.verb == Verb::Delete && held.contains(step.ref)) step.version = Known::Nothing;
    if (step.propagation != kube::Propagation::Background) held.insert(step.ref);
    script.steps.push_back(std::move(step));
  }
  script.watched = refs[0];
  script.watched.name = "zz-end";
  if (random.chance(0.5)) script.selector = "tier=a";
  return script;
}

std::string to_text(const Step& step) {
  constexpr std::array kVerbs = {"create",        "apply",          "apply status", "update",
                                 "update status", "set finalizers", "delete"};
  constexpr std::array kKnown = {"", " newest", " older", " wrong"};
  std::string text = std::string(kVerbs.at(static_cast<std::size_t>(step.verb))) + " " +
                     step.ref.kind + "/" + step.ref.name + " by " + step.manager;
  if (step.verb == Verb::Apply && step.force) text += " by force";
  if (step.uid != Known::Nothing)
    text += std::string(", uid") + kKnown.at(static_cast<std::size_t>(step.uid));
  if (step.version != Known::Nothing)
    text += std::string(", version") + kKnown.at(static_cast<std::size_t>(step.version));
  if (step.propagation == kube::Propagation::Foreground) text += ", foreground";
  if (step.propagation == kube::Propagation::Orphan) text += ", orphan";
  if (!step.object.is_null()) text += ": " + step.object.dump();
  if (step.verb == Verb::SetFinalizers) text += ": " + Json(step.finalizers).dump();
  return text;
}

}  // namespace slipway::sim

#include "reconcilers/inference_service/plan.hpp"

#include "crds/types/encode.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/common/owners.hpp"
#include "reconcilers/inference_service/course.hpp"
#include "reconcilers/inference_service/render.hpp"
#include "reconcilers/inference_service/status.hpp"

namespace slipway::inference_service {
namespace {

using Actions = std::vector<Action>;

// The scale manager takes `spec.replicas` over before the main manager stops sending it, and gives
// a new revision as many replicas as the one it follows has.
void apply_autoscaled(Actions& actions, const Observed& seen, const Course& course) {
  const InferenceService& owner = *seen.owner;
  const std::string& hash = course.wanted->hash;
  const auto* live = deployment_of(seen, hash);
  const int target = wanted_replicas(seen, course);
  const Apply main{render_deployment(owner, *course.wanted, std::nullopt)};
  const auto scale = [&](int replicas) {
    return Apply{render_scale(owner, hash, replicas), kScaleManager};
  };
  if (!live) {
    actions.push_back(main);
    if (target != 1) actions.push_back(scale(target));
    return;
  }
  const int now = live->spec.replicas.value_or(1);
  const auto by = live->metadata.annotations.find(kScaledByAnnotation);
  const bool ours_until_now = by == live->metadata.annotations.end() || by->second != "hpa";
  if (ours_until_now)
    actions.push_back(scale(replica_bounds(owner.spec).clamped(now)));
  else if (course.stable != hash && now < target)
    actions.push_back(scale(target));
  actions.push_back(main);
}

void apply_deployment(Actions& actions, const Observed& seen, const Course& course) {
  const ReplicaBounds bounds = replica_bounds(seen.owner->spec);
  if (bounds.autoscaled())
    apply_autoscaled(actions, seen, course);
  else
    actions.push_back(Apply{render_deployment(*seen.owner, *course.wanted, bounds.min)});
}

void apply_children(Actions& actions, const Observed& seen, const Course& course) {
  const InferenceService& owner = *seen.owner;
  if (!owner.spec.model.uri.empty())
    actions.push_back(Apply{render_model_version(owner, *course.wanted)});
  apply_deployment(actions, seen, course);
  actions.push_back(Apply{render_service(owner, course.serve)});
  const ReplicaBounds bounds = replica_bounds(owner.spec);
  if (bounds.autoscaled()) actions.push_back(Apply{render_autoscaler(owner, course.serve)});
  if (bounds.max > 1) actions.push_back(Apply{render_disruption_budget(owner)});
}

template <class View>
void remove(Actions& actions, const char* api_version, const char* kind, const View& view) {
  actions.push_back(
      Delete{{api_version, kind, view.metadata.namespace_, view.metadata.name}, view.metadata.uid});
}

// Nothing that the live Service still selects goes: traffic moves first, in an earlier plan.
void remove_strays(Actions& actions, const Observed& seen, const Course& course) {
  for (const auto& deployment : seen.deployments) {
    const auto label = deployment->metadata.labels.find(kRevisionLabel);
    const std::string hash = label == deployment->metadata.labels.end() ? "" : label->second;
    if (hash != course.wanted->hash && hash != course.stable)
      remove(actions, "apps/v1", "Deployment", *deployment);
  }
  const ReplicaBounds bounds = replica_bounds(seen.owner->spec);
  if (!bounds.autoscaled())
    for (const auto& hpa : seen.autoscalers)
      remove(actions, "autoscaling/v2", "HorizontalPodAutoscaler", *hpa);
  if (bounds.max <= 1)
    for (const auto& budget : seen.disruption_budgets)
      remove(actions, "policy/v1", "PodDisruptionBudget", *budget);
  // The version of a revision that still serves is kept until it has been replaced.
  if (course.stable != course.wanted->hash) return;
  for (const auto& model : seen.made_models)
    if (model->metadata.name != seen.model_name)
      remove(actions, kApiVersion, ModelVersion::kKind, *model);
}

}  // namespace

Plan plan(const Observed& seen, Time now) {
  Plan plan;
  if (!seen.owner || seen.owner->metadata.deletion_timestamp) return plan;
  const InferenceService& owner = *seen.owner;
  const Course course = choose_course(seen);
  if (course.wanted) {
    apply_children(plan.actions, seen, course);
    remove_strays(plan.actions, seen, course);
  } else if (!course.serve.empty()) {
    // What answers stays reachable while the spec cannot be met.
    plan.actions.push_back(Apply{render_service(owner, course.serve)});
  }
  const InferenceServiceStatus status = status_of(seen, course, now);
  if (status == owner.status) return plan;
  plan.actions.push_back(SetStatus{
      {kApiVersion, InferenceService::kKind, owner.metadata.namespace_, owner.metadata.name},
      owner.metadata.uid,
      encode(status)});
  for (Announce& announce : news(owner, status)) plan.actions.push_back(std::move(announce));
  return plan;
}

}  // namespace slipway::inference_service

#include <algorithm>

#include "crds/types/encode.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/common/owners.hpp"
#include "reconcilers/inference_service/render.hpp"

namespace slipway::inference_service {
namespace {

// Percent of the CPU request; used where the spec gives no target.
constexpr int kDefaultCpuTarget = 70;

Json selector(const InferenceService& owner, std::string_view revision_hash) {
  Json labels{{kServiceLabel, bounded_name(owner.metadata.name)}};
  if (!revision_hash.empty()) labels[kRevisionLabel] = revision_hash;
  return labels;
}

Json scaling_rules(const ScalingRules& rules) {
  Json out = Json::object();
  if (rules.stabilization_window_seconds)
    out["stabilizationWindowSeconds"] = *rules.stabilization_window_seconds;
  out["selectPolicy"] = rules.select_policy.empty() ? "Max" : rules.select_policy;
  for (const ScalingPolicy& policy : rules.policies) out["policies"].push_back(encode(policy));
  return out;
}

}  // namespace

ReplicaBounds replica_bounds(const InferenceServiceSpec& spec) {
  if (!spec.replicas) return {};
  // The schema refuses max < min; an object that got past it must not end in an empty range.
  const int least = std::max(spec.replicas->min, 1);
  return {spec.replicas->min, std::max(spec.replicas->max.value_or(least), least)};
}

std::string deployment_name(const InferenceService& owner, std::string_view revision_hash) {
  return child_name(owner.metadata.name, revision_hash);
}

Json child_labels(const InferenceService& owner, std::string_view revision_hash) {
  Json labels = selector(owner, revision_hash);
  labels[kManagedByLabel] = "slipway";
  return labels;
}

Json child_metadata(const InferenceService& owner, const std::string& name,
                    std::string_view revision_hash) {
  return {
      {"name", name},
      {"namespace", owner.metadata.namespace_},
      {"labels", child_labels(owner, revision_hash)},
      {"ownerReferences", Json::array({owner_reference(InferenceService::kKind, owner.metadata)})}};
}

Json render_model_version(const InferenceService& owner, const Revision& revision) {
  ModelVersionSpec spec;
  spec.model = owner.metadata.name;
  spec.source = revision.source;
  return {{"apiVersion", kApiVersion},
          {"kind", ModelVersion::kKind},
          {"metadata", child_metadata(owner, revision.model_name, "")},
          {"spec", encode(spec)}};
}

Json render_scale(const InferenceService& owner, std::string_view revision_hash, int replicas) {
  return {
      {"apiVersion", "apps/v1"},
      {"kind", "Deployment"},
      {"metadata",
       {{"name", deployment_name(owner, revision_hash)}, {"namespace", owner.metadata.namespace_}}},
      {"spec", {{"replicas", replicas}}}};
}

Json render_service(const InferenceService& owner, std::string_view revision_hash) {
  return {
      {"apiVersion", "v1"},
      {"kind", "Service"},
      {"metadata", child_metadata(owner, bounded_name(owner.metadata.name), revision_hash)},
      {"spec",
       {{"type", "ClusterIP"},
        {"selector", selector(owner, revision_hash)},
        {"ports",
         Json::array(
             {{{"name", "http"}, {"port", 80}, {"protocol", "TCP"}, {"targetPort", "http"}}})}}}};
}

Json render_autoscaler(const InferenceService& owner, std::string_view revision_hash) {
  const ReplicaBounds bounds = replica_bounds(owner.spec);
  const int target = owner.spec.scaling ? owner.spec.scaling->target.value_or(kDefaultCpuTarget)
                                        : kDefaultCpuTarget;
  Json spec{
      {"scaleTargetRef",
       {{"apiVersion", "apps/v1"},
        {"kind", "Deployment"},
        {"name", deployment_name(owner, revision_hash)}}},
      {"minReplicas", bounds.autoscaled_min()},
      {"maxReplicas", bounds.max},
      {"metrics",
       Json::array({{{"type", "ContainerResource"},
                     {"containerResource",
                      {{"container", "engine"},
                       {"name", "cpu"},
                       {"target", {{"type", "Utilization"}, {"averageUtilization", target}}}}}}})}};
  if (owner.spec.scaling && owner.spec.scaling->behavior) {
    const ScalingBehavior& behavior = *owner.spec.scaling->behavior;
    if (behavior.scale_up) spec["behavior"]["scaleUp"] = scaling_rules(*behavior.scale_up);
    if (behavior.scale_down) spec["behavior"]["scaleDown"] = scaling_rules(*behavior.scale_down);
  }
  return {{"apiVersion", "autoscaling/v2"},
          {"kind", "HorizontalPodAutoscaler"},
          {"metadata", child_metadata(owner, bounded_name(owner.metadata.name), "")},
          {"spec", std::move(spec)}};
}

Json render_disruption_budget(const InferenceService& owner) {
  return {{"apiVersion", "policy/v1"},
          {"kind", "PodDisruptionBudget"},
          {"metadata", child_metadata(owner, bounded_name(owner.metadata.name), "")},
          {"spec",
           {{"maxUnavailable", 1},
            {"selector", {{"matchLabels", selector(owner, "")}}},
            {"unhealthyPodEvictionPolicy", "AlwaysAllow"}}}};
}

Json render_deployment(const InferenceService& owner, const Revision& revision,
                       std::optional<int> replicas) {
  Json metadata = child_metadata(owner, deployment_name(owner, revision.hash), revision.hash);
  metadata["annotations"] = {{kPinnedAnnotation, encode_pinned(revision.pinned)},
                             {kScaledByAnnotation, replicas ? "slipway" : "hpa"},
                             {kModelAnnotation, revision.model_name}};
  Json spec = Json::object();
  if (replicas) spec["replicas"] = *replicas;
  spec["revisionHistoryLimit"] = 1;
  spec["progressDeadlineSeconds"] = 600;
  spec["selector"] = {{"matchLabels", selector(owner, revision.hash)}};
  // The template of a revision never changes but for a node autoscaler's better device: then the
  // old pod, which never ran, has to go first.
  spec["strategy"] = {{"type", "RollingUpdate"},
                      {"rollingUpdate", {{"maxSurge", 0}, {"maxUnavailable", 1}}}};
  spec["template"] = render_pod_template(owner, revision);
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", std::move(metadata)},
          {"spec", std::move(spec)}};
}

}  // namespace slipway::inference_service

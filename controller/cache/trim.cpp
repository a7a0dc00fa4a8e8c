#include "controller/cache/trim.hpp"

#include <map>
#include <string>
#include <vector>

namespace slipway {
namespace {

constexpr const char* kOurs = "serving.slipway.dev/";
constexpr const char* kManagedBy = "app.kubernetes.io/managed-by";

void keep_ours(std::map<std::string, std::string>& entries) {
  std::erase_if(entries, [](const auto& entry) {
    return !entry.first.starts_with(kOurs) && entry.first != kManagedBy;
  });
}

// Freed, not only emptied.
void drop(std::string& text) {
  text = std::string();
}

void trim_child(ObjectMeta& metadata) {
  keep_ours(metadata.labels);
  keep_ours(metadata.annotations);
  drop(metadata.creation_timestamp);
  for (OwnerReference& owner : metadata.owner_references) drop(owner.api_version);
}

}  // namespace

// Tools leave whole manifests in annotations (kubectl's last-applied-configuration).
void trim(InferenceService& view) {
  keep_ours(view.metadata.annotations);
}
void trim(ModelVersion& view) {
  keep_ours(view.metadata.annotations);
}
void trim(ServingRuntime& view) {
  keep_ours(view.metadata.annotations);
}
void trim(ClusterServingRuntime& view) {
  keep_ours(view.metadata.annotations);
}

// Empty `allocatable` afterwards: the node offers no device.
void trim(k8s::NodeView& view) {
  view.metadata.annotations.clear();
  std::erase_if(view.status.allocatable,
                [](const auto& entry) { return !entry.first.starts_with("nvidia.com/"); });
}

void trim(k8s::DeploymentView& view) {
  trim_child(view.metadata);
}
void trim(k8s::ServiceView& view) {
  trim_child(view.metadata);
}
void trim(k8s::PlainChildView& view) {
  trim_child(view.metadata);
}

// A pod is found by its labels; its owner is a ReplicaSet, which we never look at. A condition
// that holds explains nothing, but for `Ready`.
void trim(k8s::PodView& view) {
  trim_child(view.metadata);
  view.metadata.owner_references = {};
  view.status.init_container_statuses.shrink_to_fit();
  view.status.container_statuses.shrink_to_fit();
  std::erase_if(view.status.conditions, [](const k8s::ConditionView& condition) {
    return condition.status == "True" && condition.type != "Ready" &&
           condition.type != "PodScheduled" && condition.type != "DisruptionTarget";
  });
  view.status.conditions.shrink_to_fit();
}

}  // namespace slipway

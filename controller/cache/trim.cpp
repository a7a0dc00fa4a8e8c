#include "controller/cache/trim.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
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
  for (OwnerReference& owner : metadata.owner_references) drop(owner.api_version);
}

struct Telling {
  std::string_view type, status;
};

// Of conditions, those that decide anything, and only while they do.
void keep_conditions(std::vector<k8s::ConditionView>& conditions,
                     std::initializer_list<Telling> telling) {
  std::erase_if(conditions, [&](const k8s::ConditionView& condition) {
    return std::ranges::none_of(telling, [&](const Telling& one) {
      return condition.type == one.type && condition.status == one.status;
    });
  });
  conditions.shrink_to_fit();
}

// The image is named when it cannot be had.
void trim(std::vector<k8s::ContainerStatusView>& statuses) {
  for (k8s::ContainerStatusView& status : statuses)
    if (!status.state.waiting) drop(status.image);
  statuses.shrink_to_fit();
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
  keep_conditions(view.status.conditions, {{"ReplicaFailure", "True"}});
}
void trim(k8s::ServiceView& view) {
  trim_child(view.metadata);
}
void trim(k8s::PlainChildView& view) {
  trim_child(view.metadata);
}

// A pod is found by its labels; its owner is a ReplicaSet, which we never look at.
void trim(k8s::PodView& view) {
  trim_child(view.metadata);
  view.metadata.owner_references = {};
  trim(view.status.init_container_statuses);
  trim(view.status.container_statuses);
  keep_conditions(view.status.conditions, {{"Ready", "True"}, {"PodScheduled", "False"}});
  for (k8s::ConditionView& condition : view.status.conditions)
    if (condition.status == "True") drop(condition.reason), drop(condition.message);
}

}  // namespace slipway

// What a reconciler may read: the latest known view of the cluster, as of one moment. The
// controller's cache implements it over its stores, the tests over maps; so the core never
// includes the cache. Every pointer is an immutable snapshot and may be kept.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crds/types/inference_service.hpp"
#include "crds/types/k8s/views.hpp"
#include "crds/types/model_version.hpp"
#include "crds/types/serving_runtime.hpp"

namespace slipway {

template <class View>
using Ptr = std::shared_ptr<const View>;
template <class View>
using Ptrs = std::vector<Ptr<View>>;  // sorted by namespace and name

class Snapshots {
 public:
  virtual ~Snapshots() = default;

  virtual Ptr<InferenceService> inference_service(std::string_view ns,
                                                  std::string_view name) const = 0;
  virtual Ptr<ModelVersion> model_version(std::string_view ns, std::string_view name) const = 0;
  // The services whose spec or status names a ModelVersion.
  virtual Ptrs<InferenceService> users_of(std::string_view ns, std::string_view model) const = 0;
  // ModelVersions that carry the label serving.slipway.dev/service=<service>: made by us for it.
  virtual Ptrs<ModelVersion> model_versions_of(std::string_view ns,
                                               std::string_view service) const = 0;
  virtual Ptrs<ServingRuntime> serving_runtimes(std::string_view ns) const = 0;
  virtual Ptrs<ClusterServingRuntime> cluster_serving_runtimes() const = 0;

  // Children and pods that carry the label serving.slipway.dev/service=<service>.
  virtual Ptrs<k8s::DeploymentView> deployments_of(std::string_view ns,
                                                   std::string_view service) const = 0;
  virtual Ptrs<k8s::ServiceView> services_of(std::string_view ns,
                                             std::string_view service) const = 0;
  virtual Ptrs<k8s::PlainChildView> autoscalers_of(std::string_view ns,
                                                   std::string_view service) const = 0;
  virtual Ptrs<k8s::PlainChildView> disruption_budgets_of(std::string_view ns,
                                                          std::string_view service) const = 0;
  virtual Ptrs<k8s::PodView> pods_of(std::string_view ns, std::string_view service) const = 0;
  // Nodes that offer a device ("nvidia.com/...") in status.allocatable.
  virtual Ptrs<k8s::NodeView> gpu_nodes() const = 0;
};

// Whom a reconcile is about.
enum class ReconcileKind { InferenceService, ModelVersion };
struct Key {
  ReconcileKind kind = ReconcileKind::InferenceService;
  std::string namespace_;
  std::string name;
  auto operator<=>(const Key&) const = default;
};
// "InferenceService default/chat"
std::string to_string(const Key& key);

}  // namespace slipway

// Test only: a cluster written down in YAML, as a reconciler sees it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "crds/base/json.hpp"
#include "reconcilers/snapshots.hpp"

namespace slipway::testing {

// Snapshots over plain lists. Objects are decoded from JSON exactly as the cache decodes them.
class World final : public Snapshots {
 public:
  // One object of any kind that a reconciler reads. A child without ownerReferences is given to
  // the InferenceService that its label names, if that was added before.
  Result<> add(const Json& object);
  // All documents of a file; ends the test process with a message when it cannot be read.
  static World load(const std::filesystem::path& file);

  Ptr<InferenceService> inference_service(std::string_view ns,
                                          std::string_view name) const override;
  Ptr<ModelVersion> model_version(std::string_view ns, std::string_view name) const override;
  Ptrs<InferenceService> users_of(std::string_view ns, std::string_view model) const override;
  Ptrs<ModelVersion> model_versions_of(std::string_view ns,
                                       std::string_view service) const override;
  Ptrs<ServingRuntime> serving_runtimes(std::string_view ns) const override;
  Ptrs<ClusterServingRuntime> cluster_serving_runtimes() const override;
  Ptrs<k8s::DeploymentView> deployments_of(std::string_view ns,
                                           std::string_view service) const override;
  Ptrs<k8s::ServiceView> services_of(std::string_view ns, std::string_view service) const override;
  Ptrs<k8s::PlainChildView> autoscalers_of(std::string_view ns,
                                           std::string_view service) const override;
  Ptrs<k8s::PlainChildView> disruption_budgets_of(std::string_view ns,
                                                  std::string_view service) const override;
  Ptrs<k8s::PodView> pods_of(std::string_view ns, std::string_view service) const override;
  Ptrs<k8s::NodeView> gpu_nodes() const override { return nodes_; }

 private:
  Ptrs<InferenceService> services_of_ours_;
  Ptrs<ModelVersion> models_;
  Ptrs<ServingRuntime> runtimes_;
  Ptrs<ClusterServingRuntime> cluster_runtimes_;
  Ptrs<k8s::DeploymentView> deployments_;
  Ptrs<k8s::ServiceView> services_;
  Ptrs<k8s::PlainChildView> autoscalers_, budgets_;
  Ptrs<k8s::PodView> pods_;
  Ptrs<k8s::NodeView> nodes_;
};

}  // namespace slipway::testing

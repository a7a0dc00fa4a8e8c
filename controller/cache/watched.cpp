#include "controller/cache/watched.hpp"

#include "crds/base/check.hpp"
#include "crds/types/fields.hpp"
#include "reconcilers/common/names.hpp"

namespace slipway {
namespace {

kube::WatchTarget target(const char* api_version, const char* kind, const char* selector = "") {
  const kube::Resource* resource = kube::find_resource(api_version, kind);
  SLIPWAY_CHECK(resource, "every watched kind is a known resource");
  return {*resource, "", selector};
}

// In the order of `Watched`.
const std::array<kube::WatchTarget, kAllWatched.size()>& targets() {
  static const std::array<kube::WatchTarget, kAllWatched.size()> all = {
      target(kApiVersion, "InferenceService"),
      target(kApiVersion, "ModelVersion"),
      target(kApiVersion, "ServingRuntime"),
      target(kApiVersion, "ClusterServingRuntime"),
      target("v1", "Node"),
      target("apps/v1", "Deployment", kServiceLabel),
      target("v1", "Service", kServiceLabel),
      target("autoscaling/v2", "HorizontalPodAutoscaler", kServiceLabel),
      target("policy/v1", "PodDisruptionBudget", kServiceLabel),
      target("v1", "Pod", kServiceLabel),
  };
  return all;
}

}  // namespace

const kube::WatchTarget& target_of(Watched kind) {
  return targets()[index_of(kind)];
}

std::optional<Watched> watched_kind(std::string_view api_version, std::string_view kind) {
  for (const Watched watched : kAllWatched) {
    const kube::Resource& resource = target_of(watched).resource;
    if (resource.kind == kind && resource.api_version() == api_version) return watched;
  }
  return std::nullopt;
}

}  // namespace slipway

#include <algorithm>

#include "crds/types/decode.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/common/text.hpp"
#include "reconcilers/model_version/plan.hpp"

namespace slipway::model_version {
namespace {

const std::string& name_of(const Ptr<InferenceService>& service) {
  return service->metadata.name;
}

bool fetches(const k8s::PodView& pod, std::string_view version) {
  const auto at = pod.metadata.annotations.find(kModelAnnotation);
  return at != pod.metadata.annotations.end() && at->second == version;
}

// A report that the status' schema would refuse was not written by the agent; believing it would
// leave the status unwritable. Bounds: crds/types/model_version.hpp.
bool is_believable(const AgentReport& report) {
  return is_reason(report.reason) && report.digest.size() <= 71 && report.format.size() <= 32 &&
         report.architecture.size() <= 128;
}

std::optional<Fetch> fetch_of(const k8s::PodView& pod) {
  const auto& statuses = pod.status.init_container_statuses;
  const auto at = std::ranges::find(statuses, "model", &k8s::ContainerStatusView::name);
  if (at == statuses.end()) return std::nullopt;
  Fetch fetch{at->state.running.has_value(), std::nullopt};
  const auto& ended = at->state.terminated ? at->state.terminated : at->last_state.terminated;
  if (ended)
    if (auto report = decode<AgentReport>(ended->message); report && is_believable(*report))
      fetch.report = std::move(*report);
  return fetch;
}

// Those that name it, and the one that it was made for, which does so only once its status is
// written.
Ptrs<InferenceService> users(const ModelVersion& version, const Snapshots& snapshots) {
  const std::string& ns = version.metadata.namespace_;
  auto services = snapshots.users_of(ns, version.metadata.name);
  for (const OwnerReference& owner : version.metadata.owner_references) {
    const auto service = snapshots.inference_service(ns, owner.name);
    if (service && service->metadata.uid == owner.uid &&
        std::ranges::find(services, owner.name, &name_of) == services.end())
      services.push_back(service);
  }
  std::ranges::sort(services, {}, &name_of);
  return services;
}

}  // namespace

Observed observe(std::string_view ns, std::string_view name, const Snapshots& snapshots) {
  Observed seen;
  seen.owner = snapshots.model_version(ns, name);
  if (!seen.owner) return seen;
  for (const auto& service : users(*seen.owner, snapshots)) {
    seen.used_by.push_back(service->metadata.name);
    for (const auto& pod : snapshots.pods_of(ns, bounded_name(service->metadata.name))) {
      if (!fetches(*pod, name)) continue;
      if (auto fetch = fetch_of(*pod)) seen.fetches.push_back(std::move(*fetch));
    }
  }
  return seen;
}

}  // namespace slipway::model_version

#include <algorithm>

#include "crds/types/decode.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/common/text.hpp"
#include "reconcilers/model_version/plan.hpp"

namespace slipway::model_version {
namespace {

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

// A version that we made for one service is used by no other: no need to look at them all.
Ptrs<InferenceService> candidates(const ModelVersion& owner, const Snapshots& snapshots) {
  const std::string& ns = owner.metadata.namespace_;
  const auto label = owner.metadata.labels.find(kServiceLabel);
  if (label == owner.metadata.labels.end() || owner.metadata.owner_references.empty())
    return snapshots.inference_services(ns);
  auto service = snapshots.inference_service(ns, owner.metadata.owner_references.front().name);
  return service ? Ptrs<InferenceService>{service} : Ptrs<InferenceService>{};
}

bool uses(const InferenceService& service, const ModelVersion& version) {
  const std::string& name = version.metadata.name;
  const auto& status = service.status.model;
  return service.spec.model.version == name ||
         (status && (status->version == name || status->served_version == name)) ||
         std::ranges::any_of(version.metadata.owner_references, [&](const OwnerReference& owner) {
           return owner.uid == service.metadata.uid;
         });
}

}  // namespace

Observed observe(std::string_view ns, std::string_view name, const Snapshots& snapshots) {
  Observed seen;
  seen.owner = snapshots.model_version(ns, name);
  if (!seen.owner) return seen;
  for (const auto& service : candidates(*seen.owner, snapshots)) {
    if (!uses(*service, *seen.owner)) continue;
    seen.used_by.push_back(service->metadata.name);
    for (const auto& pod : snapshots.pods_of(ns, bounded_name(service->metadata.name))) {
      if (!fetches(*pod, name)) continue;
      if (auto fetch = fetch_of(*pod)) seen.fetches.push_back(std::move(*fetch));
    }
  }
  std::ranges::sort(seen.used_by);
  return seen;
}

}  // namespace slipway::model_version

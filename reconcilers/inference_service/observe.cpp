#include "reconcilers/inference_service/observe.hpp"

#include "crds/types/encode.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/common/owners.hpp"

namespace slipway::inference_service {
namespace {

// A label is no proof: only what carries our controller reference is ours.
template <class View>
Ptrs<View> owned(Ptrs<View> children, const ObjectMeta& owner) {
  std::erase_if(children, [&](const auto& child) { return !is_owned_by(child->metadata, owner); });
  return children;
}

}  // namespace

std::string made_model_name(const InferenceService& owner) {
  return child_name(owner.metadata.name, short_hash(encode(owner.spec.model).dump(), 5));
}

Observed observe(std::string_view ns, std::string_view name, const Snapshots& snapshots,
                 const Settings& settings, const std::optional<Refusal>& refusal) {
  Observed seen;
  seen.owner = snapshots.inference_service(ns, name);
  seen.settings = settings;
  seen.refusal = refusal;
  if (!seen.owner) return seen;

  const InferenceService& owner = *seen.owner;
  const std::string service = bounded_name(owner.metadata.name);
  seen.model_name =
      owner.spec.model.uri.empty() ? owner.spec.model.version : made_model_name(owner);
  seen.model = snapshots.model_version(ns, seen.model_name);
  seen.made_models = owned(snapshots.model_versions_of(ns, service), owner.metadata);
  seen.runtimes = runtimes_of(snapshots.serving_runtimes(ns), snapshots.cluster_serving_runtimes());
  if (owner.spec.gpu) seen.gpus = gpu::inventory(snapshots.gpu_nodes());
  seen.deployments = owned(snapshots.deployments_of(ns, service), owner.metadata);
  seen.services = owned(snapshots.services_of(ns, service), owner.metadata);
  seen.autoscalers = owned(snapshots.autoscalers_of(ns, service), owner.metadata);
  seen.disruption_budgets = owned(snapshots.disruption_budgets_of(ns, service), owner.metadata);
  seen.pods = snapshots.pods_of(ns, service);
  return seen;
}

}  // namespace slipway::inference_service

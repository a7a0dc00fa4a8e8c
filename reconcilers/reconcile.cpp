#include "reconcilers/reconcile.hpp"

#include "reconcilers/inference_service/plan.hpp"
#include "reconcilers/model_version/plan.hpp"

namespace slipway {

std::string to_string(const Key& key) {
  const char* kind =
      key.kind == ReconcileKind::InferenceService ? "InferenceService " : "ModelVersion ";
  return kind + key.namespace_ + "/" + key.name;
}

Plan reconcile(const Key& key, const Snapshots& snapshots, const Settings& settings,
               const std::optional<Refusal>& refusal, Time now) {
  if (key.kind == ReconcileKind::ModelVersion)
    return model_version::plan(model_version::observe(key.namespace_, key.name, snapshots), now);
  return inference_service::plan(
      inference_service::observe(key.namespace_, key.name, snapshots, settings, refusal), now);
}

}  // namespace slipway

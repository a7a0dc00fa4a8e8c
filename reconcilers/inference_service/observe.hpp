// What planning one InferenceService reads, gathered into one value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconcilers/gpu/inventory.hpp"
#include "reconcilers/inference_service/runtime_choice.hpp"
#include "reconcilers/reconcile.hpp"
#include "reconcilers/snapshots.hpp"

namespace slipway::inference_service {

struct Observed {
  Ptr<InferenceService> owner;  // null: it is gone
  Settings settings;
  std::optional<Refusal> refusal;

  // The ModelVersion that spec.model names; for a URI, the one that we make of it (null until it
  // exists).
  std::string model_name;
  Ptr<ModelVersion> model;
  Ptrs<ModelVersion> made_models;  // all that we ever made for this service

  std::vector<Runtime> runtimes;  // those of the namespace before those of the cluster
  std::vector<gpu::Offer> gpus;

  Ptrs<k8s::DeploymentView> deployments;
  Ptrs<k8s::ServiceView> services;
  Ptrs<k8s::PlainChildView> autoscalers;
  Ptrs<k8s::PlainChildView> disruption_budgets;
  Ptrs<k8s::PodView> pods;
};

Observed observe(std::string_view ns, std::string_view name, const Snapshots& snapshots,
                 const Settings& settings, const std::optional<Refusal>& refusal);

// The name of the ModelVersion made for `spec.model.uri`: by content, so that the same URI is the
// same version and another URI is another one.
std::string made_model_name(const InferenceService& owner);

}  // namespace slipway::inference_service

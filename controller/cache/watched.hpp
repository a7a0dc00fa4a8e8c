// The kinds of objects that the controller follows, and how each is watched. Children and pods
// are watched by label, so that nothing of anybody else is ever received.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "controller/kube/watch.hpp"

namespace slipway {

enum class Watched {
  InferenceService,
  ModelVersion,
  ServingRuntime,
  ClusterServingRuntime,
  Node,
  Deployment,
  Service,
  HorizontalPodAutoscaler,
  PodDisruptionBudget,
  Pod,
};

inline constexpr std::array kAllWatched = {
    Watched::InferenceService,
    Watched::ModelVersion,
    Watched::ServingRuntime,
    Watched::ClusterServingRuntime,
    Watched::Node,
    Watched::Deployment,
    Watched::Service,
    Watched::HorizontalPodAutoscaler,
    Watched::PodDisruptionBudget,
    Watched::Pod,
};

constexpr std::size_t index_of(Watched kind) {
  return static_cast<std::size_t>(kind);
}

const kube::WatchTarget& target_of(Watched kind);
// nullopt for a kind that is not watched.
std::optional<Watched> watched_kind(std::string_view api_version, std::string_view kind);

}  // namespace slipway

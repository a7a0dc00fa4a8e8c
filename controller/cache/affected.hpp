// Whose decisions a change of the cache may alter: the edges of the reconcile graph, and what is
// no news (heartbeats, our own status). Pure.
#pragma once

#include <vector>

#include "controller/cache/store.hpp"
#include "reconcilers/snapshots.hpp"

namespace slipway {

// `ours`: the change is the answer to our own write, so the one who wrote knows it already.
struct Reach {
  const Store<InferenceService>& services;
  const Store<ModelVersion>& models;
  bool ours = false;
};

std::vector<Key> affected(const StoreChange<InferenceService>& change, const Reach& reach);
std::vector<Key> affected(const StoreChange<ModelVersion>& change, const Reach& reach);
std::vector<Key> affected(const StoreChange<ServingRuntime>& change, const Reach& reach);
std::vector<Key> affected(const StoreChange<ClusterServingRuntime>& change, const Reach& reach);
std::vector<Key> affected(const StoreChange<k8s::NodeView>& change, const Reach& reach);
std::vector<Key> affected(const StoreChange<k8s::DeploymentView>& change, const Reach& reach);
std::vector<Key> affected(const StoreChange<k8s::ServiceView>& change, const Reach& reach);
std::vector<Key> affected(const StoreChange<k8s::PlainChildView>& change, const Reach& reach);
std::vector<Key> affected(const StoreChange<k8s::PodView>& change, const Reach& reach);

// Whether somebody asks for something by it: a new or changed spec, a deletion. What happens to
// children and pods asks for nothing.
bool is_asked(const StoreChange<InferenceService>& change);
bool is_asked(const StoreChange<ModelVersion>& change);
template <class View>
bool is_asked(const StoreChange<View>&) {
  return false;
}

}  // namespace slipway

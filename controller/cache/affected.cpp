#include "controller/cache/affected.hpp"

#include <set>
#include <string>
#include <string_view>

#include "reconcilers/common/model_use.hpp"
#include "reconcilers/common/names.hpp"

namespace slipway {
namespace {

Key service_key(const ObjectMeta& metadata) {
  return {ReconcileKind::InferenceService, metadata.namespace_, metadata.name};
}

Key model_key(const ObjectMeta& metadata) {
  return {ReconcileKind::ModelVersion, metadata.namespace_, metadata.name};
}

// The service that a label value stands for. A name too long for a label is cut and hashed there,
// so those are found by comparing.
void add_labelled(std::vector<Key>& keys, const ObjectMeta& metadata, const Reach& reach) {
  const auto label = metadata.labels.find(kServiceLabel);
  if (label == metadata.labels.end() || label->second.empty()) return;
  if (label->second.size() < kMaxNameLength) {
    keys.push_back({ReconcileKind::InferenceService, metadata.namespace_, label->second});
    return;
  }
  for (const auto& service : reach.services.in_namespace(metadata.namespace_)) {
    if (bounded_name(service->metadata.name) == label->second)
      keys.push_back(service_key(service->metadata));
  }
}

template <class View>
std::vector<Key> labelled(const StoreChange<View>& change, const Reach& reach) {
  std::vector<Key> keys;
  if (change.before) add_labelled(keys, change.before->metadata, reach);
  if (!change.after) return keys;
  const bool same_label =
      change.before && change.before->metadata.labels == change.after->metadata.labels;
  if (!same_label) add_labelled(keys, change.after->metadata, reach);
  return keys;
}

// Made, gone, or changed by people: everything but the status.
template <class View>
bool is_decision(const StoreChange<View>& change) {
  if (!change.before || !change.after) return true;
  const ObjectMeta& before = change.before->metadata;
  const ObjectMeta& after = change.after->metadata;
  return before.uid != after.uid || before.generation != after.generation ||
         before.deletion_timestamp != after.deletion_timestamp || before.labels != after.labels ||
         before.annotations != after.annotations || before.finalizers != after.finalizers;
}

// A status that somebody else wrote has to be set right; our own is no news to us.
template <class View>
bool concerns_itself(const StoreChange<View>& change, const Reach& reach) {
  return is_decision(change) || (!reach.ours && !(change.before->status == change.after->status));
}

template <class View>
const ObjectMeta& metadata_of(const StoreChange<View>& change) {
  return change.after ? change.after->metadata : change.before->metadata;
}

// Each ModelVersion says in its status who uses it.
std::set<std::string> models_of(const Ptr<InferenceService>& service) {
  return service ? models_used_by(*service) : std::set<std::string>{};
}

std::vector<Key> all_of(const Ptrs<InferenceService>& services) {
  std::vector<Key> keys;
  for (const auto& service : services) keys.push_back(service_key(service->metadata));
  return keys;
}

template <class View>
bool spec_changed(const StoreChange<View>& change) {
  return !change.before || !change.after || !(change.before->spec == change.after->spec);
}

// What a node offers; its heartbeats say nothing.
bool offer_changed(const StoreChange<k8s::NodeView>& change) {
  if (!change.before || !change.after) return true;
  return change.before->metadata.labels != change.after->metadata.labels ||
         change.before->status.allocatable != change.after->status.allocatable ||
         change.before->spec.unschedulable != change.after->spec.unschedulable;
}

bool same(const ObjectMeta& before, const ObjectMeta& after) {
  return before.uid == after.uid && before.labels == after.labels &&
         before.annotations == after.annotations &&
         before.deletion_timestamp == after.deletion_timestamp &&
         before.owner_references == after.owner_references;
}

// Whether two views of a child say the same to every decision. What is decided from has been
// picked out before (trim.hpp); an autoscaler reports what it measures every 15 s.
bool same(const k8s::DeploymentView& before, const k8s::DeploymentView& after) {
  return before.spec == after.spec && before.status == after.status &&
         before.projection == after.projection;
}
bool same(const k8s::ServiceView& before, const k8s::ServiceView& after) {
  return before.spec.selector == after.spec.selector && before.projection == after.projection;
}
bool same(const k8s::PlainChildView& before, const k8s::PlainChildView& after) {
  return before.projection == after.projection;
}
bool same(const k8s::PodView& before, const k8s::PodView& after) {
  return before.status == after.status;
}

template <class View>
bool says_nothing_new(const StoreChange<View>& change) {
  return change.before && change.after && same(change.before->metadata, change.after->metadata) &&
         same(*change.before, *change.after);
}

}  // namespace

bool is_asked(const StoreChange<InferenceService>& change) {
  return is_decision(change);
}
bool is_asked(const StoreChange<ModelVersion>& change) {
  return is_decision(change);
}

std::vector<Key> affected(const StoreChange<InferenceService>& change, const Reach& reach) {
  std::vector<Key> keys;
  if (concerns_itself(change, reach)) keys.push_back(service_key(metadata_of(change)));
  const ObjectMeta& metadata = metadata_of(change);
  std::set<std::string> before = models_of(change.before), models = models_of(change.after);
  if (!is_decision(change) && before == models) return keys;
  models.merge(before);
  for (const auto& model :
       reach.models.of_service(metadata.namespace_, bounded_name(metadata.name))) {
    models.insert(model->metadata.name);
  }
  for (const std::string& model : models)
    keys.push_back({ReconcileKind::ModelVersion, metadata.namespace_, model});
  return keys;
}

std::vector<Key> affected(const StoreChange<ModelVersion>& change, const Reach& reach) {
  std::vector<Key> keys = labelled(change, reach);
  const ObjectMeta& metadata = metadata_of(change);
  if (concerns_itself(change, reach)) keys.push_back(model_key(metadata));
  for (const auto& service : reach.services.users_of(metadata.namespace_, metadata.name)) {
    if (service->spec.model.version == metadata.name)
      keys.push_back(service_key(service->metadata));
  }
  return keys;
}

std::vector<Key> affected(const StoreChange<ServingRuntime>& change, const Reach& reach) {
  if (!spec_changed(change)) return {};
  return all_of(reach.services.in_namespace(metadata_of(change).namespace_));
}

std::vector<Key> affected(const StoreChange<ClusterServingRuntime>& change, const Reach& reach) {
  if (!spec_changed(change)) return {};
  return all_of(reach.services.all());
}

std::vector<Key> affected(const StoreChange<k8s::NodeView>& change, const Reach& reach) {
  if (!offer_changed(change)) return {};
  std::vector<Key> keys;
  for (const auto& service : reach.services.all()) {
    if (service->spec.gpu) keys.push_back(service_key(service->metadata));
  }
  return keys;
}

std::vector<Key> affected(const StoreChange<k8s::DeploymentView>& change, const Reach& reach) {
  return says_nothing_new(change) ? std::vector<Key>{} : labelled(change, reach);
}

std::vector<Key> affected(const StoreChange<k8s::ServiceView>& change, const Reach& reach) {
  return says_nothing_new(change) ? std::vector<Key>{} : labelled(change, reach);
}

std::vector<Key> affected(const StoreChange<k8s::PlainChildView>& change, const Reach& reach) {
  return says_nothing_new(change) ? std::vector<Key>{} : labelled(change, reach);
}

// Of a pod, its ModelVersion too: the fetch's report is in the pod's status.
std::vector<Key> affected(const StoreChange<k8s::PodView>& change, const Reach& reach) {
  if (says_nothing_new(change)) return {};
  std::vector<Key> keys = labelled(change, reach);
  const ObjectMeta& metadata = metadata_of(change);
  const auto model = metadata.annotations.find(kModelAnnotation);
  if (model != metadata.annotations.end())
    keys.push_back({ReconcileKind::ModelVersion, metadata.namespace_, model->second});
  return keys;
}

}  // namespace slipway

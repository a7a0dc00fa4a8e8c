// Everything that the controller knows of the cluster: one `Store` per watched kind, fed by the
// watches and by the answers to our own writes. Implements what reconcilers read.
// Thread-safe. `ingest` of one kind is called by one thread at a time.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "controller/cache/store.hpp"
#include "controller/cache/watched.hpp"
#include "controller/kube/watcher.hpp"
#include "reconcilers/plan.hpp"
#include "reconcilers/snapshots.hpp"

namespace slipway {

// What a desired object is compared with before it is sent.
struct Live {
  Ptr<ObjectMeta> metadata;  // never null
  Projection projection;
  std::optional<int> replicas;  // of a Deployment
};

// What people want, as opposed to what has happened.
enum class Asked { Nothing, Something, Change };  // Change: of an object that was there before

struct Ingested {
  std::vector<Key> keys;  // whose decisions this may change
  Asked asked = Asked::Nothing;
  bool set_complete = false;         // the kind is in sync
  std::optional<Error> undecodable;  // names the object; it was left as it was
};

class Cache : public Snapshots {
 public:
  Ingested ingest(Watched kind, const kube::WatchEvent& event);
  // Takes in the object that answered a write or a read of ours, so that the next reconcile sees
  // it; but for an object that the watch does not show.
  Ingested learn(Watched kind, std::string_view body);

  // The server took a deletion of ours.
  void learn_deletion(const ObjectRef& ref, const std::string& uid);

  // The cached object that `ref` names; nullopt if there is none or its kind is not watched.
  std::optional<Live> find(const ObjectRef& ref) const;
  // The same facts (but for the replicas) of an object that was read apart from the watches.
  static Result<Live> read(Watched kind, std::string_view body);

  // Every InferenceService and ModelVersion: what is looked at after a start.
  std::vector<Key> all_keys() const;
  std::size_t count(Watched kind) const;
  // The metadata of every held object of the kind, one at a time; `see` must not use the cache.
  void each(Watched kind, const std::function<void(const ObjectMeta&)>& see) const;

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
  Ptrs<k8s::NodeView> gpu_nodes() const override;

 private:
  // A set that is being received: only touched by the thread that ingests the kind.
  struct OpenSet {
    bool open = false;
    std::set<ObjectName> seen;
  };

  // Calls `use(store)` with the store of `kind`.
  template <class Self, class Use>
  static auto with_store(Self& self, Watched kind, Use&& use);

  template <class View>
  Ingested take(Store<View>& store, Watched kind, const kube::Seen& seen);
  template <class View>
  Ingested put(Store<View>& store, Watched kind, std::string_view object, bool own, bool in_order);
  Ingested end_set(Watched kind, Version version);

  Store<InferenceService> inference_services_;
  Store<ModelVersion> model_versions_;
  Store<ServingRuntime> serving_runtimes_;
  Store<ClusterServingRuntime> cluster_serving_runtimes_;
  Store<k8s::NodeView> nodes_;  // only those that offer a device
  Store<k8s::DeploymentView> deployments_;
  Store<k8s::ServiceView> services_;
  Store<k8s::PlainChildView> autoscalers_;
  Store<k8s::PlainChildView> disruption_budgets_;
  Store<k8s::PodView> pods_;
  std::array<OpenSet, kAllWatched.size()> sets_;
};

}  // namespace slipway

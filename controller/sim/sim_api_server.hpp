// An API server in memory, faithful in what decides about a reconciler: versions, generations,
// server-side apply with owners of fields, preconditions, finalizers, garbage, watches. It answers
// writes as `ApiClient` and serves lists and watches as the bytes that `WatchMachine` reads.
// Used by one thread; `now` is asked for timestamps only. Faults are put in front of it by `World`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "controller/kube/api_client.hpp"
#include "controller/sim/server_side_apply.hpp"
#include "controller/sim/watch_log.hpp"
#include "reconcilers/plan.hpp"

namespace slipway::sim {

// One change that took effect. `before` is null for a creation, `after` for a removal.
struct Effect {
  std::string actor;
  const Json* before = nullptr;
  const Json* after = nullptr;
};

class SimApiServer : public kube::ApiClient {
 public:
  using Observer = std::function<void(const Effect&)>;
  using Edit = std::function<void(Json&)>;

  explicit SimApiServer(std::function<Time()> now);

  // The controller's side.
  Result<kube::ApplyAnswer> get(const kube::GetRequest& request) override;
  Result<kube::ApplyAnswer> apply(const kube::ApplyRequest& request) override;
  Result<kube::ApplyAnswer> apply_status(const kube::ApplyRequest& request) override;
  Result<kube::ApplyAnswer> create(const kube::CreateRequest& request) override;
  Result<> remove(const kube::RemoveRequest& request) override;
  Result<kube::ApplyAnswer> patch_finalizers(const kube::FinalizersPatch& request) override;

  // Targets are paths with a query, as the watch machine asks for them.
  Result<WatchStream> open_watch(const std::string& target);
  Result<std::string> list_page(const std::string& target);

  // Everybody else: users, and the stand-ins for other controllers.
  Result<Json> create_as(const std::string& actor, Json object);
  // A read, a change and an update on the version read; `status` goes to the subresource.
  Result<> edit_as(const std::string& actor, const ObjectRef& ref, const Edit& edit);
  Result<> edit_status_as(const std::string& actor, const ObjectRef& ref, const Edit& edit);
  Result<> remove_as(const std::string& actor, const ObjectRef& ref,
                     kube::Propagation propagation = kube::Propagation::Background);

  // Without a grace period: what a kubelet does once a pod has stopped.
  void remove_now(const std::string& actor, const ObjectRef& ref);

  const Json* find(const ObjectRef& ref) const;
  // The same, to be kept over writes; REQUIRES: it exists.
  std::shared_ptr<const Json> keep(const ObjectRef& ref) const;
  // Of one kind, by namespace and name. Pointers live until the next write.
  std::vector<const Json*> list(const std::string& api_version, const std::string& kind) const;
  std::vector<const Json*> everything() const;
  std::vector<ObjectRef> contents(const std::string& ns) const;
  // Who owns which fields of an object; the managers of `/status` as "manager/status".
  const Owners& owners(const ObjectRef& ref) const;

  // One step of the garbage collector. `garbage` says which objects have something to be done.
  std::vector<ObjectRef> garbage() const;
  void collect(const ObjectRef& ref);

  // From now on creating a `kind` is refused with `error` (quota, admission), until `allow`.
  void refuse(const std::string& kind, Error error) { refusals_.insert_or_assign(kind, error); }
  void allow(const std::string& kind) { refusals_.erase(kind); }
  const Error* refusal(const std::string& kind) const;

  // Makes every watch that is behind the present Expired.
  void compact();
  void observe(Observer observer) { observer_ = std::move(observer); }
  std::uint64_t version() const { return version_; }

 private:
  using Name = std::pair<std::string, std::string>;  // namespace, name
  struct Stored {
    std::shared_ptr<const Json> object;
    Owners owners;
  };
  struct Collection {
    const kube::Resource* resource = nullptr;
    std::map<Name, Stored> objects;
    WatchLog log;
  };
  struct Query;

  Collection& collection(const kube::Resource& resource);
  const Stored* stored(const ObjectRef& ref) const;
  Stored* stored(const ObjectRef& ref);
  Result<Query> parse(const std::string& target);

  // Whether an object may be made in that namespace.
  Result<> check_namespace(const kube::Resource& resource, const std::string& ns,
                           const std::string& name) const;
  Result<Json> insert(const std::string& actor, Json object, Owners owners);
  // Stores `next` in the place of `stored` if anything differs and is allowed to; returns what is
  // stored then.
  Result<Json> replace(const std::string& actor, Stored& stored, Owned next);
  Json store(const std::string& actor, Stored& stored, Owned next);
  Result<> erase(const std::string& actor, const ObjectRef& ref, kube::Propagation propagation);
  void drop(const std::string& actor, const ObjectRef& ref);
  Result<kube::ApplyAnswer> apply_to(const kube::ApplyRequest& request, const std::string& manager,
                                     const Json& intent, bool may_create);
  Result<> edit_part(const std::string& actor, const ObjectRef& ref, const Edit& edit, bool status);
  bool dangling(const Json& object) const;
  bool has_dependents(const std::string& uid) const;

  std::function<Time()> now_;
  Observer observer_;
  std::map<std::string, Collection> collections_;  // by "group/plural"
  std::map<std::string, Error> refusals_;          // by kind
  std::set<std::string> gone_namespaces_;          // and not made anew
  std::uint64_t version_ = 1000;
  std::uint64_t uids_ = 0;
  std::uint64_t addresses_ = 0;
};

}  // namespace slipway::sim

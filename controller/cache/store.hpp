// The latest view of every object of one kind that we read. Thread-safe; views are immutable
// snapshots that may be kept for as long as one likes. Sharded by namespace, so that an index by
// service lies in the same shard as the objects it names.
//
// The label serving.slipway.dev/service says which service an object belongs to. InferenceServices
// are indexed by the ModelVersions that they use instead.
//
// Two sources write: the kind's watch (`put`, `remove`, `replace_all`; one thread), and the
// answers to our own writes (`put_own`; any thread). An answer may arrive before the event it
// causes, or long after: versions decide, and `put_own` ignores what the watch has already passed.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controller/cache/guarded.hpp"
#include "controller/cache/kept.hpp"
#include "controller/cache/version.hpp"
#include "crds/types/k8s/projection.hpp"
#include "reconcilers/snapshots.hpp"

namespace slipway {

struct ObjectName {
  std::string ns;  // empty for cluster-scoped objects
  std::string name;
  auto operator<=>(const ObjectName&) const = default;
};

// What a write to the store changed; both empty: nothing did.
template <class View>
struct StoreChange {
  Ptr<View> before;
  Ptr<View> after;
  explicit operator bool() const { return before != after; }
};

// Instantiated in store.cpp for the views that the cache holds.
template <class View>
class Store {
 public:
  struct Held {
    Ptr<View> view;
    Projection projection;  // all zero where the kind has no shape
  };

  Ptr<View> get(const ObjectName& name) const;
  std::optional<Held> find(const ObjectName& name) const;
  // Lists are sorted by namespace and name.
  Ptrs<View> of_service(std::string_view ns, std::string_view service) const;
  Ptrs<View> users_of(std::string_view ns, std::string_view model) const
    requires std::is_same_v<View, InferenceService>;
  Ptrs<View> in_namespace(std::string_view ns) const;
  Ptrs<View> all() const;
  // Every view in turn, in no order, without holding more than one; `see` must not use the store.
  void each(const std::function<void(const Ptr<View>&)>& see) const;
  std::size_t size() const;

  // ADDED or MODIFIED. An older version of the held object is ignored, the same one changes
  // nothing. `in_order` is false inside of a set, whose objects come in any order.
  StoreChange<View> put(View view, Projection projection, bool in_order = true);
  // The answer to a write of ours.
  StoreChange<View> put_own(View view, Projection projection);
  // The server took our deletion of the object `uid`: until it is gone, every view of it shows
  // that. (An event from before the deletion does not.)
  void doom(const ObjectName& name, const std::string& uid);
  // DELETED. A namesake that is already held stays.
  StoreChange<View> remove(const ObjectMeta& last_seen);
  // The end of a set whose objects were `put`: drops what is not in `seen`, unless it is newer
  // than the set. A diff, never a clear.
  std::vector<StoreChange<View>> end_set(const std::set<ObjectName>& seen, Version set_version);

 private:
  using Object = Kept<View>;
  struct ByName {
    using is_transparent = void;
    static typename Object::Name name(const Object& object) { return object.name(); }
    static typename Object::Name name(const ObjectName& name) { return {name.ns, name.name}; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return name(a) < name(b);
    }
  };
  using Objects = std::set<Object, ByName>;
  struct Shard {
    Objects objects;
    // By the hash of what an object is found under (see above); a hit is compared.
    std::unordered_multimap<std::size_t, const Object*> index;
    std::set<std::string> doomed;  // uids of what we deleted and still hold
  };
  static constexpr std::size_t kShards = 16;

  Guarded<Shard>& shard(std::string_view ns) {
    return shards_[std::hash<std::string_view>{}(ns) % kShards];
  }
  const Guarded<Shard>& shard(std::string_view ns) const {
    return shards_[std::hash<std::string_view>{}(ns) % kShards];
  }
  static StoreChange<View> insert(Shard& shard, View view, Projection projection);
  // Puts `after` in the place of `before`, which is null or at `at`.
  static void replace(Shard& shard, typename Objects::iterator at, const Ptr<View>& before,
                      const Ptr<View>& after, Projection projection);
  static StoreChange<View> erase(Shard& shard, typename Objects::iterator at);
  Ptrs<View> indexed(std::string_view ns, std::string_view what) const;
  static void index(Shard& shard, const Object& object, const View& view);
  static void unindex(Shard& shard, const Object& object, const View& view);
  void advance(Version version);

  std::array<Guarded<Shard>, kShards> shards_;
  std::atomic<Version> watched_{0};  // the watch has told everything up to here
};

}  // namespace slipway

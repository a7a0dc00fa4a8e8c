#include "controller/cache/store.hpp"

#include <algorithm>

#include "reconcilers/common/model_use.hpp"
#include "reconcilers/common/names.hpp"

namespace slipway {
namespace {

ObjectName name_of(const ObjectMeta& metadata) {
  return {metadata.namespace_, metadata.name};
}

std::string index_key(std::string_view ns, std::string_view what) {
  return std::string(ns).append("/").append(what);
}

// Under what `view` is to be found.
template <class View>
std::vector<std::string> index_keys(const View& view) {
  std::vector<std::string> keys;
  const std::string& ns = view.metadata.namespace_;
  if constexpr (std::is_same_v<View, InferenceService>) {
    for (const std::string& model : models_used_by(view)) keys.push_back(index_key(ns, model));
  } else {
    const auto label = view.metadata.labels.find(kServiceLabel);
    if (label != view.metadata.labels.end()) keys.push_back(index_key(ns, label->second));
  }
  return keys;
}

// The time is the server's to say; nobody reads it.
constexpr const char* kAskedByUs = "asked for";

// Versions that are no numbers cannot be ordered: then the newcomer counts.
bool is_news(const ObjectMeta& held, const ObjectMeta& newcomer) {
  const Version old_version = parse_version(held.resource_version);
  const Version new_version = parse_version(newcomer.resource_version);
  if (old_version == 0 || new_version == 0) {
    return held.resource_version != newcomer.resource_version || held.uid != newcomer.uid;
  }
  return new_version > old_version;
}

}  // namespace

template <class View>
Ptr<View> Store<View>::get(const ObjectName& name) const {
  return shard(name.ns).with([&](const Shard& shard) -> Ptr<View> {
    const auto found = shard.objects.find(name);
    return found == shard.objects.end() ? nullptr : found->second.view;
  });
}

template <class View>
std::optional<typename Store<View>::Held> Store<View>::find(const ObjectName& name) const {
  return shard(name.ns).with([&](const Shard& shard) -> std::optional<Held> {
    const auto found = shard.objects.find(name);
    if (found == shard.objects.end()) return std::nullopt;
    return found->second;
  });
}

template <class View>
Ptrs<View> Store<View>::of_service(std::string_view ns, std::string_view service) const {
  return indexed(ns, service);
}

template <class View>
Ptrs<View> Store<View>::users_of(std::string_view ns, std::string_view model) const
  requires std::is_same_v<View, InferenceService>
{
  return indexed(ns, model);
}

template <class View>
Ptrs<View> Store<View>::indexed(std::string_view ns, std::string_view what) const {
  const std::string key = index_key(ns, what);
  return shard(ns).with([&](const Shard& shard) -> Ptrs<View> {
    const auto found = shard.index.find(key);
    return found == shard.index.end() ? Ptrs<View>{} : found->second;
  });
}

template <class View>
Ptrs<View> Store<View>::in_namespace(std::string_view ns) const {
  return shard(ns).with([&](const Shard& shard) {
    Ptrs<View> views;
    for (auto at = shard.objects.lower_bound(ObjectName{std::string(ns), ""});
         at != shard.objects.end() && at->first.ns == ns; ++at) {
      views.push_back(at->second.view);
    }
    return views;
  });
}

template <class View>
Ptrs<View> Store<View>::all() const {
  Ptrs<View> views;
  for (const Guarded<Shard>& guarded : shards_) {
    guarded.with([&](const Shard& shard) {
      for (const auto& [name, held] : shard.objects) views.push_back(held.view);
    });
  }
  std::ranges::sort(views, {}, [](const Ptr<View>& view) {
    return std::tie(view->metadata.namespace_, view->metadata.name);
  });
  return views;
}

template <class View>
std::size_t Store<View>::size() const {
  std::size_t size = 0;
  for (const Guarded<Shard>& guarded : shards_) {
    size += guarded.with([](const Shard& shard) { return shard.objects.size(); });
  }
  return size;
}

template <class View>
StoreChange<View> Store<View>::put(View view, Projection projection, bool in_order) {
  if (in_order) advance(parse_version(view.metadata.resource_version));
  return shard(view.metadata.namespace_).with([&](Shard& shard) {
    return insert(shard, std::move(view), projection);
  });
}

template <class View>
StoreChange<View> Store<View>::put_own(View view, Projection projection) {
  const Version version = parse_version(view.metadata.resource_version);
  return shard(view.metadata.namespace_).with([&](Shard& shard) -> StoreChange<View> {
    // The watch has told all up to here; if the object is not held, it has told its deletion. Read
    // inside of the lock: the watch moves on before it takes the lock to delete.
    if (version != 0 && version <= watched_.load()) return {};
    return insert(shard, std::move(view), projection);
  });
}

template <class View>
void Store<View>::doom(const ObjectName& name, const std::string& uid) {
  shard(name.ns).with([&](Shard& shard) {
    const auto found = shard.objects.find(name);
    if (found == shard.objects.end() || found->second.view->metadata.uid != uid) return;
    View view = *found->second.view;
    if (!view.metadata.deletion_timestamp) view.metadata.deletion_timestamp = kAskedByUs;
    unindex(shard, found->second.view);
    found->second.view = std::make_shared<const View>(std::move(view));
    index(shard, found->second.view);
    shard.doomed.insert(uid);
  });
}

template <class View>
StoreChange<View> Store<View>::remove(const ObjectMeta& last_seen) {
  advance(parse_version(last_seen.resource_version));
  return shard(last_seen.namespace_).with([&](Shard& shard) -> StoreChange<View> {
    const auto found = shard.objects.find(name_of(last_seen));
    if (found == shard.objects.end()) return {};
    const ObjectMeta& held = found->second.view->metadata;
    if (held.uid != last_seen.uid && !is_news(held, last_seen)) return {};
    return erase(shard, found);
  });
}

template <class View>
std::vector<StoreChange<View>> Store<View>::end_set(const std::set<ObjectName>& seen,
                                                    Version set_version) {
  advance(set_version);
  std::vector<StoreChange<View>> changes;
  for (Guarded<Shard>& guarded : shards_) {
    guarded.with([&](Shard& shard) {
      for (auto at = shard.objects.begin(); at != shard.objects.end();) {
        const auto here = at++;
        const Version version = parse_version(here->second.view->metadata.resource_version);
        const bool newer = set_version != 0 && version > set_version;
        if (!newer && !seen.contains(here->first)) changes.push_back(erase(shard, here));
      }
    });
  }
  return changes;
}

template <class View>
StoreChange<View> Store<View>::insert(Shard& shard, View view, Projection projection) {
  ObjectName name = name_of(view.metadata);
  const auto found = shard.objects.find(name);
  StoreChange<View> change;
  if (found != shard.objects.end()) {
    change.before = found->second.view;
    if (!is_news(change.before->metadata, view.metadata)) {
      change.after = change.before;
      return change;
    }
    unindex(shard, change.before);
    if (change.before->metadata.uid != view.metadata.uid)
      shard.doomed.erase(change.before->metadata.uid);
  }
  if (shard.doomed.contains(view.metadata.uid) && !view.metadata.deletion_timestamp)
    view.metadata.deletion_timestamp = kAskedByUs;
  change.after = std::make_shared<const View>(std::move(view));
  index(shard, change.after);
  shard.objects.insert_or_assign(std::move(name), Held{change.after, projection});
  return change;
}

template <class View>
StoreChange<View> Store<View>::erase(Shard& shard, typename Objects::iterator at) {
  StoreChange<View> change{at->second.view, nullptr};
  unindex(shard, change.before);
  shard.doomed.erase(change.before->metadata.uid);
  shard.objects.erase(at);
  return change;
}

template <class View>
void Store<View>::index(Shard& shard, const Ptr<View>& view) {
  for (const std::string& key : index_keys(*view)) {
    Ptrs<View>& views = shard.index[key];
    const auto place = std::ranges::lower_bound(
        views, view->metadata.name, {},
        [](const Ptr<View>& other) -> const std::string& { return other->metadata.name; });
    views.insert(place, view);
  }
}

template <class View>
void Store<View>::unindex(Shard& shard, const Ptr<View>& view) {
  for (const std::string& key : index_keys(*view)) {
    const auto entry = shard.index.find(key);
    if (entry == shard.index.end()) continue;
    std::erase(entry->second, view);
    if (entry->second.empty()) shard.index.erase(entry);
  }
}

template <class View>
void Store<View>::advance(Version version) {
  Version seen = watched_.load();
  while (version > seen && !watched_.compare_exchange_weak(seen, version)) {
  }
}

template class Store<InferenceService>;
template class Store<ModelVersion>;
template class Store<ServingRuntime>;
template class Store<ClusterServingRuntime>;
template class Store<k8s::NodeView>;
template class Store<k8s::DeploymentView>;
template class Store<k8s::ServiceView>;
template class Store<k8s::PlainChildView>;
template class Store<k8s::PodView>;

}  // namespace slipway

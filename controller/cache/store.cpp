#include "controller/cache/store.hpp"

#include <xxhash.h>

#include <algorithm>

#include "reconcilers/common/model_use.hpp"
#include "reconcilers/common/names.hpp"

namespace slipway {
namespace {

ObjectName name_of(const ObjectMeta& metadata) {
  return {metadata.namespace_, metadata.name};
}

std::size_t index_hash(std::string_view ns, std::string_view what) {
  return XXH3_64bits_withSeed(what.data(), what.size(), XXH3_64bits(ns.data(), ns.size()));
}

// What `view` is to be found under in its namespace.
template <class View>
std::set<std::string> found_under(const View& view) {
  if constexpr (std::is_same_v<View, InferenceService>) {
    return models_used_by(view);
  } else {
    const auto label = view.metadata.labels.find(kServiceLabel);
    return label == view.metadata.labels.end() ? std::set<std::string>{}
                                               : std::set<std::string>{label->second};
  }
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
    return found == shard.objects.end() ? nullptr : found->view();
  });
}

template <class View>
std::optional<typename Store<View>::Held> Store<View>::find(const ObjectName& name) const {
  return shard(name.ns).with([&](const Shard& shard) -> std::optional<Held> {
    const auto found = shard.objects.find(name);
    if (found == shard.objects.end()) return std::nullopt;
    return Held{found->view(), found->projection()};
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
  Ptrs<View> views;
  shard(ns).with([&](const Shard& shard) {
    const auto [first, last] = shard.index.equal_range(index_hash(ns, what));
    for (auto at = first; at != last; ++at) {
      Ptr<View> view = at->second->view();
      if (view->metadata.namespace_ == ns && found_under(*view).contains(std::string(what)))
        views.push_back(std::move(view));
    }
  });
  std::ranges::sort(views, {},
                    [](const Ptr<View>& view) -> std::string_view { return view->metadata.name; });
  return views;
}

template <class View>
Ptrs<View> Store<View>::in_namespace(std::string_view ns) const {
  return shard(ns).with([&](const Shard& shard) {
    Ptrs<View> views;
    for (auto at = shard.objects.lower_bound(ObjectName{std::string(ns), ""});
         at != shard.objects.end() && at->name().first == ns; ++at) {
      views.push_back(at->view());
    }
    return views;
  });
}

template <class View>
Ptrs<View> Store<View>::all() const {
  Ptrs<View> views;
  each([&](const Ptr<View>& view) { views.push_back(view); });
  std::ranges::sort(views, {}, [](const Ptr<View>& view) {
    return std::tie(view->metadata.namespace_, view->metadata.name);
  });
  return views;
}

template <class View>
void Store<View>::each(const std::function<void(const Ptr<View>&)>& see) const {
  for (const Guarded<Shard>& guarded : shards_) {
    guarded.with([&](const Shard& shard) {
      for (const Object& object : shard.objects) see(object.view());
    });
  }
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
    if (found == shard.objects.end()) return;
    const Ptr<View> before = found->view();
    if (before->metadata.uid != uid) return;
    auto after = std::make_shared<View>(*before);
    if (!after->metadata.deletion_timestamp) after->metadata.deletion_timestamp = kAskedByUs;
    replace(shard, found, before, after, found->projection());
    shard.doomed.insert(uid);
  });
}

template <class View>
StoreChange<View> Store<View>::remove(const ObjectMeta& last_seen) {
  advance(parse_version(last_seen.resource_version));
  return shard(last_seen.namespace_).with([&](Shard& shard) -> StoreChange<View> {
    const auto found = shard.objects.find(name_of(last_seen));
    if (found == shard.objects.end()) return {};
    const Ptr<View> view = found->view();
    const ObjectMeta& held = view->metadata;
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
        const Ptr<View> view = here->view();
        const Version version = parse_version(view->metadata.resource_version);
        const bool newer = set_version != 0 && version > set_version;
        if (!newer && !seen.contains(name_of(view->metadata)))
          changes.push_back(erase(shard, here));
      }
    });
  }
  return changes;
}

template <class View>
StoreChange<View> Store<View>::insert(Shard& shard, View view, Projection projection) {
  const auto found = shard.objects.find(name_of(view.metadata));
  StoreChange<View> change;
  if (found != shard.objects.end()) {
    change.before = found->view();
    if (!is_news(change.before->metadata, view.metadata)) {
      return {};
    }
    if (change.before->metadata.uid != view.metadata.uid)
      shard.doomed.erase(change.before->metadata.uid);
  }
  if (shard.doomed.contains(view.metadata.uid) && !view.metadata.deletion_timestamp)
    view.metadata.deletion_timestamp = kAskedByUs;
  change.after = std::make_shared<const View>(std::move(view));
  replace(shard, found, change.before, change.after, projection);
  return change;
}

template <class View>
void Store<View>::replace(Shard& shard, typename Objects::iterator at, const Ptr<View>& before,
                          const Ptr<View>& after, Projection projection) {
  if (before) {
    unindex(shard, *at, *before);
    at = shard.objects.erase(at);
  }
  index(shard, *shard.objects.emplace_hint(at, after, projection), *after);
}

template <class View>
StoreChange<View> Store<View>::erase(Shard& shard, typename Objects::iterator at) {
  StoreChange<View> change{at->view(), nullptr};
  unindex(shard, *at, *change.before);
  shard.doomed.erase(change.before->metadata.uid);
  shard.objects.erase(at);
  return change;
}

template <class View>
void Store<View>::index(Shard& shard, const Object& object, const View& view) {
  for (const std::string& what : found_under(view))
    shard.index.emplace(index_hash(view.metadata.namespace_, what), &object);
}

template <class View>
void Store<View>::unindex(Shard& shard, const Object& object, const View& view) {
  for (const std::string& what : found_under(view)) {
    const auto [first, last] = shard.index.equal_range(index_hash(view.metadata.namespace_, what));
    const auto at =
        std::find_if(first, last, [&](const auto& entry) { return entry.second == &object; });
    if (at != last) shard.index.erase(at);
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

#include "controller/cache/cache.hpp"

#include <simdjson.h>

#include <type_traits>
#include <utility>

#include "controller/cache/affected.hpp"
#include "controller/cache/trim.hpp"
#include "crds/base/check.hpp"
#include "crds/types/decode.hpp"

namespace slipway {
namespace {

template <class View>
struct Decoded {
  View view;
  Projection projection;
};

// The fingerprint is taken before anything is dropped.
template <class View>
Result<Decoded<View>> read_object(Watched kind, simdjson::padded_string_view object) {
  simdjson::ondemand::parser parser;
  auto view = decode<View>(parser, object);
  if (!view) return tl::unexpected(std::move(view.error()));
  Decoded<View> decoded{std::move(*view), {}};
  if (const Shape* shape = shape_of(target_of(kind).resource.kind)) {
    auto projection = project(*shape, std::string_view(object.data(), object.size()));
    if (!projection) return tl::unexpected(std::move(projection.error()));
    decoded.projection = *projection;
  }
  if constexpr (Projected<View>) decoded.view.projection = decoded.projection;
  trim(decoded.view);
  return decoded;
}

simdjson::padded_string_view padded(std::string_view object) {
  return simdjson::padded_string_view(object.data(), object.size(),
                                      object.size() + kube::kJsonPadding);
}

// Just enough to say which object it is.
std::optional<ObjectMeta> metadata_of(std::string_view object) {
  simdjson::ondemand::parser parser;
  auto named = decode<k8s::PlainChildView>(parser, padded(object));
  if (!named) return std::nullopt;
  return std::move(named->metadata);
}

Error undecodable(Watched kind, const std::optional<ObjectMeta>& metadata, Error why) {
  std::string what = target_of(kind).resource.kind;
  if (metadata) what += " " + metadata->namespace_ + "/" + metadata->name;
  return std::move(why).within(what + " cannot be read and is left as it was");
}

template <class View>
std::optional<int> replicas_of(const View& view) {
  if constexpr (std::is_same_v<View, k8s::DeploymentView>) return view.spec.replicas;
  return std::nullopt;
}

template <class View>
Asked asked_by(const StoreChange<View>& change) {
  if (!is_asked(change)) return Asked::Nothing;
  return change.before ? Asked::Change : Asked::Something;
}

// Of what the watch leaves out, it would never tell the end.
bool is_shown(Watched kind, const ObjectMeta& metadata) {
  const std::string& label = target_of(kind).label_selector;  // the key that must be there
  return label.empty() || metadata.labels.contains(label);
}

template <class View>
bool is_kept(const View& view) {
  if constexpr (std::is_same_v<View, k8s::NodeView>) return !view.status.allocatable.empty();
  return true;
}

}  // namespace

template <class Self, class Use>
auto Cache::with_store(Self& self, Watched kind, Use&& use) {
  switch (kind) {
    case Watched::InferenceService:
      return use(self.inference_services_);
    case Watched::ModelVersion:
      return use(self.model_versions_);
    case Watched::ServingRuntime:
      return use(self.serving_runtimes_);
    case Watched::ClusterServingRuntime:
      return use(self.cluster_serving_runtimes_);
    case Watched::Node:
      return use(self.nodes_);
    case Watched::Deployment:
      return use(self.deployments_);
    case Watched::Service:
      return use(self.services_);
    case Watched::HorizontalPodAutoscaler:
      return use(self.autoscalers_);
    case Watched::PodDisruptionBudget:
      return use(self.disruption_budgets_);
    case Watched::Pod:
      break;
  }
  return use(self.pods_);
}

Ingested Cache::ingest(Watched kind, const kube::WatchEvent& event) {
  OpenSet& set = sets_[index_of(kind)];
  if (std::holds_alternative<kube::SetBegin>(event)) {
    set = {true, {}};
    return {};
  }
  if (const auto* end = std::get_if<kube::SetEnd>(&event)) {
    return end_set(kind, parse_version(end->version));
  }
  const auto& seen = std::get<kube::Seen>(event);
  return with_store(*this, kind, [&](auto& store) { return take(store, kind, seen); });
}

template <class View>
Ingested Cache::take(Store<View>& store, Watched kind, const kube::Seen& seen) {
  OpenSet& set = sets_[index_of(kind)];
  if (seen.change != kube::Change::Deleted) {
    return put(store, kind, seen.object, false, !set.open);
  }
  Ingested out;
  const auto metadata = metadata_of(seen.object);
  if (!metadata) {
    out.undecodable = undecodable(kind, metadata, {Fault::Malformed, "no metadata", {}});
    return out;
  }
  if (set.open) set.seen.erase({metadata->namespace_, metadata->name});
  if (const auto change = store.remove(*metadata)) {
    out.keys = affected(change, {inference_services_, model_versions_, false});
    out.asked = asked_by(change);
  }
  return out;
}

template <class View>
Ingested Cache::put(Store<View>& store, Watched kind, std::string_view object, bool own,
                    bool in_order) {
  Ingested out;
  OpenSet& set = sets_[index_of(kind)];
  auto decoded = read_object<View>(kind, padded(object));
  if (!decoded) {
    const auto metadata = metadata_of(object);
    if (metadata && !own && set.open) set.seen.insert({metadata->namespace_, metadata->name});
    out.undecodable = undecodable(kind, metadata, std::move(decoded.error()));
    return out;
  }
  View& view = decoded->view;
  if (!own && set.open) set.seen.insert({view.metadata.namespace_, view.metadata.name});
  if (own && !is_shown(kind, view.metadata)) return out;
  const Reach reach{inference_services_, model_versions_, own};
  const auto change = !is_kept(view) ? store.remove(view.metadata)
                      : own          ? store.put_own(std::move(view), decoded->projection)
                                     : store.put(std::move(view), decoded->projection, in_order);
  if (!change) return out;
  out.keys = affected(change, reach);
  if (!own) out.asked = asked_by(change);
  return out;
}

Ingested Cache::end_set(Watched kind, Version version) {
  OpenSet& set = sets_[index_of(kind)];
  Ingested out;
  out.set_complete = true;
  with_store(*this, kind, [&](auto& store) {
    for (const auto& change : store.end_set(set.seen, version)) {
      const auto keys = affected(change, {inference_services_, model_versions_, false});
      out.keys.insert(out.keys.end(), keys.begin(), keys.end());
    }
  });
  set = {};
  return out;
}

Ingested Cache::learn(Watched kind, std::string_view body) {
  const simdjson::padded_string copy(body);
  return with_store(*this, kind, [&](auto& store) {
    return put(store, kind, std::string_view(copy), true, false);
  });
}

void Cache::learn_deletion(const ObjectRef& ref, const std::string& uid) {
  const auto kind = watched_kind(ref.api_version, ref.kind);
  if (!kind) return;
  with_store(*this, *kind, [&](auto& store) { store.doom({ref.namespace_, ref.name}, uid); });
}

std::optional<Live> Cache::find(const ObjectRef& ref) const {
  const auto kind = watched_kind(ref.api_version, ref.kind);
  if (!kind) return std::nullopt;
  return with_store(*this, *kind, [&](const auto& store) -> std::optional<Live> {
    const auto held = store.find({ref.namespace_, ref.name});
    if (!held) return std::nullopt;
    return Live{Ptr<ObjectMeta>(held->view, &held->view->metadata), held->projection,
                replicas_of(*held->view)};
  });
}

Result<Live> Cache::read(Watched kind, std::string_view body) {
  const simdjson::padded_string copy(body);
  auto metadata = metadata_of(std::string_view(copy));
  if (!metadata) return fail(Fault::Malformed, "the answer is no " + target_of(kind).resource.kind);
  Live live{std::make_shared<const ObjectMeta>(std::move(*metadata)), {}, {}};
  if (const Shape* shape = shape_of(target_of(kind).resource.kind)) {
    auto projection = project(*shape, body);
    if (!projection) return tl::unexpected(std::move(projection.error()));
    live.projection = *projection;
  }
  return live;
}

std::vector<Key> Cache::all_keys() const {
  std::vector<Key> keys;
  for (const auto& view : inference_services_.all()) {
    keys.push_back(
        {ReconcileKind::InferenceService, view->metadata.namespace_, view->metadata.name});
  }
  for (const auto& view : model_versions_.all()) {
    keys.push_back({ReconcileKind::ModelVersion, view->metadata.namespace_, view->metadata.name});
  }
  return keys;
}

std::size_t Cache::count(Watched kind) const {
  return with_store(*this, kind, [](const auto& store) { return store.size(); });
}

void Cache::each(Watched kind, const std::function<void(const ObjectMeta&)>& see) const {
  with_store(*this, kind, [&](const auto& store) {
    store.each([&](const auto& view) { see(view->metadata); });
  });
}

Ptr<InferenceService> Cache::inference_service(std::string_view ns, std::string_view name) const {
  return inference_services_.get({std::string(ns), std::string(name)});
}
Ptr<ModelVersion> Cache::model_version(std::string_view ns, std::string_view name) const {
  return model_versions_.get({std::string(ns), std::string(name)});
}
Ptrs<InferenceService> Cache::users_of(std::string_view ns, std::string_view model) const {
  return inference_services_.users_of(ns, model);
}
Ptrs<ModelVersion> Cache::model_versions_of(std::string_view ns, std::string_view service) const {
  return model_versions_.of_service(ns, service);
}
Ptrs<ServingRuntime> Cache::serving_runtimes(std::string_view ns) const {
  return serving_runtimes_.in_namespace(ns);
}
Ptrs<ClusterServingRuntime> Cache::cluster_serving_runtimes() const {
  return cluster_serving_runtimes_.all();
}
Ptrs<k8s::DeploymentView> Cache::deployments_of(std::string_view ns,
                                                std::string_view service) const {
  return deployments_.of_service(ns, service);
}
Ptrs<k8s::ServiceView> Cache::services_of(std::string_view ns, std::string_view service) const {
  return services_.of_service(ns, service);
}
Ptrs<k8s::PlainChildView> Cache::autoscalers_of(std::string_view ns,
                                                std::string_view service) const {
  return autoscalers_.of_service(ns, service);
}
Ptrs<k8s::PlainChildView> Cache::disruption_budgets_of(std::string_view ns,
                                                       std::string_view service) const {
  return disruption_budgets_.of_service(ns, service);
}
Ptrs<k8s::PodView> Cache::pods_of(std::string_view ns, std::string_view service) const {
  return pods_.of_service(ns, service);
}
Ptrs<k8s::NodeView> Cache::gpu_nodes() const {
  return nodes_.all();
}

}  // namespace slipway

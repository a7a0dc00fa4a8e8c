#include "reconcilers/testing/world.hpp"

#include <fstream>
#include <functional>
#include <sstream>

#include "crds/base/check.hpp"
#include "crds/base/yaml.hpp"
#include "crds/types/decode.hpp"
#include "reconcilers/common/model_use.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/common/owners.hpp"

namespace slipway::testing {
namespace {

template <class View>
Result<> add_to(Ptrs<View>& list, const Json& object) {
  auto view = decode<View>(object.dump());
  if (!view) return tl::unexpected(std::move(view).error());
  list.push_back(std::make_shared<const View>(std::move(*view)));
  return {};
}

template <class View>
Ptr<View> find(const Ptrs<View>& list, std::string_view ns, std::string_view name) {
  for (const auto& view : list)
    if (view->metadata.namespace_ == ns && view->metadata.name == name) return view;
  return nullptr;
}

template <class View>
Ptrs<View> in_namespace(const Ptrs<View>& list, std::string_view ns) {
  Ptrs<View> out;
  for (const auto& view : list)
    if (view->metadata.namespace_ == ns) out.push_back(view);
  return out;
}

template <class View>
Ptrs<View> labelled(const Ptrs<View>& list, std::string_view ns, std::string_view service) {
  Ptrs<View> out;
  for (const auto& view : in_namespace(list, ns)) {
    const auto label = view->metadata.labels.find(kServiceLabel);
    if (label != view->metadata.labels.end() && label->second == service) out.push_back(view);
  }
  return out;
}

}  // namespace

Result<> World::add(const Json& object) {
  const std::string kind = object.at("kind");
  Json copy = object;
  Json& metadata = copy["metadata"];
  if (metadata.contains("labels") && metadata["labels"].contains(kServiceLabel) &&
      !metadata.contains("ownerReferences")) {
    const std::string service = metadata["labels"][kServiceLabel];
    if (const auto owner = inference_service(metadata.value("namespace", ""), service))
      metadata["ownerReferences"] =
          Json::array({owner_reference(InferenceService::kKind, owner->metadata)});
  }
  const std::map<std::string, std::function<Result<>()>> by_kind{
      {"InferenceService", [&] { return add_to(services_of_ours_, copy); }},
      {"ModelVersion", [&] { return add_to(models_, copy); }},
      {"ServingRuntime", [&] { return add_to(runtimes_, copy); }},
      {"ClusterServingRuntime", [&] { return add_to(cluster_runtimes_, copy); }},
      {"Deployment", [&] { return add_to(deployments_, copy); }},
      {"Service", [&] { return add_to(services_, copy); }},
      {"HorizontalPodAutoscaler", [&] { return add_to(autoscalers_, copy); }},
      {"PodDisruptionBudget", [&] { return add_to(budgets_, copy); }},
      {"Pod", [&] { return add_to(pods_, copy); }},
      {"Node", [&] { return add_to(nodes_, copy); }},
  };
  const auto at = by_kind.find(kind);
  if (at == by_kind.end()) return fail(Fault::Invalid, "no reconciler reads the kind " + kind);
  return at->second();
}

World World::load(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  World world;
  const auto documents = parse_yaml(text.str());
  SLIPWAY_CHECK(in && documents, file.c_str());
  for (const Json& object : *documents) {
    const auto added = world.add(object);
    if (!added) std::fprintf(stderr, "%s: %s\n", file.c_str(), added.error().what.c_str());
    SLIPWAY_CHECK(added, "a test's own file can be read");
  }
  return world;
}

Ptr<InferenceService> World::inference_service(std::string_view ns, std::string_view name) const {
  return find(services_of_ours_, ns, name);
}
Ptr<ModelVersion> World::model_version(std::string_view ns, std::string_view name) const {
  return find(models_, ns, name);
}
Ptrs<InferenceService> World::users_of(std::string_view ns, std::string_view model) const {
  auto services = in_namespace(services_of_ours_, ns);
  std::erase_if(services, [&](const auto& service) {
    return !models_used_by(*service).contains(std::string(model));
  });
  return services;
}
Ptrs<ModelVersion> World::model_versions_of(std::string_view ns, std::string_view service) const {
  return labelled(models_, ns, service);
}
Ptrs<ServingRuntime> World::serving_runtimes(std::string_view ns) const {
  return in_namespace(runtimes_, ns);
}
Ptrs<ClusterServingRuntime> World::cluster_serving_runtimes() const {
  return cluster_runtimes_;
}
Ptrs<k8s::DeploymentView> World::deployments_of(std::string_view ns,
                                                std::string_view service) const {
  return labelled(deployments_, ns, service);
}
Ptrs<k8s::ServiceView> World::services_of(std::string_view ns, std::string_view service) const {
  return labelled(services_, ns, service);
}
Ptrs<k8s::PlainChildView> World::autoscalers_of(std::string_view ns,
                                                std::string_view service) const {
  return labelled(autoscalers_, ns, service);
}
Ptrs<k8s::PlainChildView> World::disruption_budgets_of(std::string_view ns,
                                                       std::string_view service) const {
  return labelled(budgets_, ns, service);
}
Ptrs<k8s::PodView> World::pods_of(std::string_view ns, std::string_view service) const {
  return labelled(pods_, ns, service);
}

}  // namespace slipway::testing

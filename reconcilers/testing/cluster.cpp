#include "reconcilers/testing/cluster.hpp"

#include <cstdio>

#include "crds/base/check.hpp"
#include "reconcilers/common/names.hpp"

namespace slipway::testing {
namespace {

std::pair<std::string, std::string> kind_and_name(const Json& object) {
  return {object.at("kind"), object.at("metadata").at("name")};
}

}  // namespace

Cluster::Cluster(std::string name, std::string ns)
    : now_{std::chrono::milliseconds{1'795'442'520'000}} {
  service_["kind"] = "InferenceService";
  service_["metadata"] = {
      {"name", std::move(name)}, {"namespace", std::move(ns)}, {"uid", "isvc-1"}};
  add(Json::parse(R"({"kind":"ClusterServingRuntime","metadata":{"name":"llama-cpp"},
    "spec":{"engine":"llama.cpp","image":"llama:1","command":["/usr/bin/llama-server"],
            "formats":[{"name":"gguf"}],"devices":["cpu","nvidia"]}})"));
  set_spec(R"({"model":{"uri":"pvc://models/a.gguf"}})");
}

void Cluster::set_spec(Json spec) {
  service_["metadata"]["generation"] = ++generation_;
  service_["spec"] = std::move(spec);
}

std::vector<Key> Cluster::keys() const {
  const Json& metadata = service_.at("metadata");
  const std::string ns = metadata.at("namespace");
  std::vector<Key> keys{{ReconcileKind::InferenceService, ns, metadata.at("name")}};
  for (const Json& object : objects_)
    if (object.at("kind") == ModelVersion::kKind)
      keys.push_back({ReconcileKind::ModelVersion, ns, object.at("metadata").at("name")});
  return keys;
}

World Cluster::world() const {
  World world;
  const auto know = [&](const Json& object) {
    const auto known = world.add(object);
    if (!known) std::fprintf(stderr, "%s\n%s\n", known.error().what.c_str(), object.dump().c_str());
    SLIPWAY_CHECK(known, "a test's own objects can be read");
  };
  know(service_);
  for (const Json& object : objects_) know(object);
  for (const Json& pod : pods_) know(pod);
  return world;
}

Plan Cluster::plan(const Key& key, const World& world) const {
  const bool ours = key.kind == ReconcileKind::InferenceService;
  return reconcile(key, world, Settings{"example.com/slipway:1"}, ours ? refusal_ : std::nullopt,
                   now_);
}

bool Cluster::step() {
  now_ += std::chrono::seconds(1);
  return execute(plan());
}

std::vector<std::string> Cluster::settle() {
  int rounds = 0;
  while (step()) SLIPWAY_CHECK(++rounds < 10, "plans settle");
  return deployments();
}

std::vector<std::string> Cluster::names(const char* kind) const {
  std::vector<std::string> out;
  for (const Json& object : objects_)
    if (object.at("kind") == kind) out.push_back(object.at("metadata").at("name"));
  return out;
}

void Cluster::remove(const char* kind) {
  std::erase_if(objects_, [&](const Json& object) { return object.at("kind") == kind; });
}

Json* Cluster::find(const char* kind) {
  for (Json& object : objects_)
    if (object.at("kind") == kind) return &object;
  return nullptr;
}

void Cluster::add_pod(const std::string& deployment, const char* status) {
  pods_.push_back({{"kind", "Pod"},
                   {"metadata",
                    {{"name", deployment + "-" + std::to_string(pods_.size())},
                     {"namespace", "prod"},
                     {"labels",
                      {{kServiceLabel, "chat"},
                       {kRevisionLabel, deployment.substr(deployment.rfind('-') + 1)}}}}},
                   {"status", Json::parse(status)}});
}

std::string Cluster::selected() const {
  for (const Json& object : objects_)
    if (object.at("kind") == "Service") return object["spec"]["selector"][kRevisionLabel];
  return "";
}

std::string Cluster::condition(const char* type, const char* member) const {
  for (const Json& condition : status().at("conditions"))
    if (condition.at("type") == type) return condition.at(member);
  return "absent";
}

bool Cluster::execute(const Plan& plan) {
  bool changed = false;
  for (const Action& action : plan.actions) {
    if (const auto* apply = std::get_if<Apply>(&action)) changed |= put(*apply);
    if (const auto* del = std::get_if<Delete>(&action)) changed |= erase(del->ref);
    if (const auto* set = std::get_if<SetStatus>(&action)) {
      changed = true;
      set_status(*set);
    }
    if (const auto* told = std::get_if<Announce>(&action)) events_.push_back(told->reason);
  }
  return changed;
}

bool Cluster::put(const Apply& apply) {
  for (Json& object : objects_) {
    if (kind_and_name(object) != kind_and_name(apply.object)) continue;
    const Json before = object;
    object.merge_patch(apply.object);
    return object != before;
  }
  objects_.push_back(apply.object);
  objects_.back()["metadata"]["uid"] = "made-" + std::to_string(++made_);
  return true;
}

void Cluster::set_status(const SetStatus& set) {
  if (set.ref.kind == InferenceService::kKind) {
    service_["status"] = set.status;
    return;
  }
  for (Json& object : objects_)
    if (kind_and_name(object) == std::pair(set.ref.kind, set.ref.name))
      object["status"] = set.status;
}

bool Cluster::erase(const ObjectRef& ref) {
  return std::erase_if(objects_, [&](const Json& object) {
           return kind_and_name(object) == std::pair(ref.kind, ref.name);
         }) > 0;
}

}  // namespace slipway::testing

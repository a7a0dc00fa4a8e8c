#include "reconcilers/testing/cluster.hpp"

#include "crds/base/check.hpp"
#include "reconcilers/common/names.hpp"

namespace slipway::testing {
namespace {

std::pair<std::string, std::string> kind_and_name(const Json& object) {
  return {object.at("kind"), object.at("metadata").at("name")};
}

}  // namespace

Cluster::Cluster() : now_{std::chrono::milliseconds{1'795'442'520'000}} {
  add(Json::parse(R"({"kind":"ClusterServingRuntime","metadata":{"name":"llama-cpp"},
    "spec":{"engine":"llama.cpp","image":"llama:1","command":["/usr/bin/llama-server"],
            "formats":[{"name":"gguf"}],"devices":["cpu","nvidia"]}})"));
  set_spec(R"({"model":{"uri":"pvc://models/a.gguf"}})");
}

void Cluster::set_spec(const char* spec) {
  service_["kind"] = "InferenceService";
  service_["metadata"] = {
      {"name", "chat"}, {"namespace", "prod"}, {"uid", "isvc-1"}, {"generation", ++generation_}};
  service_["spec"] = Json::parse(spec);
}

Plan Cluster::plan() const {
  World world;
  const auto know = [&](const Json& object) {
    SLIPWAY_CHECK(world.add(object), "a test's own objects can be read");
  };
  know(service_);
  for (const Json& object : objects_) know(object);
  for (const Json& pod : pods_) know(pod);
  return reconcile({ReconcileKind::InferenceService, "prod", "chat"}, world,
                   Settings{"example.com/slipway:1"}, refusal_, now_);
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
      service_["status"] = set->status;
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
  return true;
}

bool Cluster::erase(const ObjectRef& ref) {
  return std::erase_if(objects_, [&](const Json& object) {
           return kind_and_name(object) == std::pair(ref.kind, ref.name);
         }) > 0;
}

}  // namespace slipway::testing

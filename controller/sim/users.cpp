#include "controller/sim/users.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "controller/sim/stand_ins.hpp"
#include "crds/types/decode.hpp"
#include "crds/types/encode.hpp"
#include "crds/types/fields.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/testing/wish.hpp"

namespace slipway::sim {
namespace {

const char* const kUser = "kubectl";

struct Place {
  const char* ns;
  const char* name;
};
// Two of one name in two namespaces, and two in one namespace.
constexpr std::array<Place, 3> kPlaces = {
    {{"default", "chat"}, {"default", "code"}, {"team", "chat"}}};
const char* const kShortLived = "team";  // a namespace that is deleted now and then

const std::vector<const char*> kRefusable = {"Deployment", "Service", "Pod", "ModelVersion"};

Json object(const char* api_version, const char* kind, const std::string& name) {
  return {{"apiVersion", api_version}, {"kind", kind}, {"metadata", {{"name", name}}}};
}

std::string uri_of(const std::string& model) {
  const char digit = model == kBrokenModel ? 'f' : static_cast<char>('a' + model.size() % 5);
  return "https://models.example/" + model + ".gguf#sha256=" + std::string(64, digit);
}

Json runtime(const std::string& name, const char* device) {
  Json it = object(kApiVersion, "ClusterServingRuntime", name);
  it["spec"] = {{"engine", "llama.cpp"},
                {"image", "registry.example/" + name + ":1"},
                {"command", {"/usr/bin/llama-server"}},
                {"formats", {{{"name", "gguf"}, {"autoSelect", true}}}},
                {"devices", {device}}};
  return it;
}

Json model_version(const char* ns) {
  Json it = object(kApiVersion, "ModelVersion", "shared");
  it["metadata"]["namespace"] = ns;
  it["spec"] = {{"model", "shared"}, {"source", {{"uri", uri_of("shared")}}}, {"format", "gguf"}};
  return it;
}

bool is_owned(const Json& object) {
  const Json* owners = find_at(object, {"metadata", "ownerReferences"});
  return owners != nullptr && !owners->empty();
}

}  // namespace

ObjectRef Users::service(const std::string& ns, const std::string& name) {
  return {kApiVersion, "InferenceService", ns, name};
}

Json Users::good_spec(const std::string& model) {
  return {{"model", {{"uri", uri_of(model)}}}};
}

// Enough for two revisions of every service: a rollout that waits for devices ends elsewhere.
constexpr const char* kDevices = "48";

void Users::prepare() {
  const auto node = [&](const char* name, Json labels, Json allocatable) {
    Json it = object("v1", "Node", name);
    it["metadata"]["labels"] = std::move(labels);
    (void)server_.create_as("kubelet", it);
    (void)server_.edit_status_as("kubelet", ref_of(it), [&](Json& next) {
      next["status"] = {{"allocatable", std::move(allocatable)}};
    });
  };
  node("cpu-1", Json::object(), {{"cpu", "64"}});
  node("gpu-1", {{"nvidia.com/gpu.memory", "81920"}},
       {{"cpu", "64"}, {"nvidia.com/gpu", kDevices}});
  node("mig-1", {{"nvidia.com/gpu.memory", "81920"}},
       {{"cpu", "64"}, {"nvidia.com/mig-1g.10gb", kDevices}, {"nvidia.com/mig-2g.20gb", kDevices}});
  (void)server_.create_as(kUser, runtime("llama-cpp", "cpu"));
  (void)server_.create_as(kUser, runtime("llama-cpp-cuda", "nvidia"));
  for (const char* ns : {"default", kShortLived, "slipway-system"})
    (void)server_.create_as(kUser, object("v1", "Namespace", ns));
  (void)server_.create_as(kUser, model_version("default"));
  (void)server_.create_as(kUser, model_version("team"));
}

void Users::create(const ObjectRef& ref, const Json& spec) {
  Json it = object(kApiVersion, "InferenceService", ref.name);
  it["metadata"]["namespace"] = ref.namespace_;
  it["spec"] = spec;
  (void)server_.create_as(kUser, std::move(it));
}

void Users::change(const ObjectRef& ref, const Json& spec) {
  (void)server_.edit_as(kUser, ref, [&](Json& next) { next["spec"] = spec; });
}

void Users::remove(const ObjectRef& ref, kube::Propagation propagation) {
  (void)server_.remove_as(kUser, ref, propagation);
}

void Users::bend(const ObjectRef& service) {
  (void)server_.edit_as(kUser, service, [](Json& next) {
    next["spec"]["selector"] = {{kServiceLabel, "somebody-else"}};
  });
}

void Users::replace(const ObjectRef& child) {
  const Json* live = server_.find(child);
  if (live == nullptr) return;
  Json own = object(child.api_version.c_str(), child.kind.c_str(), child.name);
  own["metadata"]["namespace"] = child.namespace_;
  own["spec"] = live->at("spec");
  (void)server_.remove_as(kUser, child);
  (void)server_.create_as(kUser, std::move(own));
}

std::vector<Json> Users::services() const {
  std::vector<Json> found;
  for (const Json* it : server_.list(kApiVersion, "InferenceService")) found.push_back(*it);
  return found;
}

Json Users::random_spec() {
  Json spec = Json::object();
  const std::size_t model = random_.below(6);
  if (model == 0) {
    spec["model"] = {{"version", "shared"}};
  } else if (model == 1) {
    spec["model"] = {{"uri", uri_of(kBrokenModel)}};
  } else {
    spec["model"] = {{"uri", uri_of(model < 4 ? "ahoy" : "aye")}};
  }
  if (random_.chance(0.1)) spec["runtime"] = "nobody-made-this";
  if (random_.chance(0.3)) spec["engine"] = {{"contextLength", 64 << random_.below(2)}};
  if (random_.chance(0.3)) {
    const std::vector<Json> wishes = {
        {{"memory", "10Gi"}}, {{"profile", "2g.20gb"}}, {{"count", 1}}, {{"memory", "500Gi"}}};
    spec["gpu"] = random_.pick(wishes);
  }
  const std::vector<Json> replicas = {
      {{"min", 1}}, {{"min", 2}}, {{"min", 3}}, {{"min", 1}, {"max", 3}}, {{"min", 2}, {"max", 4}}};
  if (random_.chance(0.6)) spec["replicas"] = random_.pick(replicas);
  if (random_.chance(0.2))
    spec["pod"] = {{"env", {{{"name", "MOOD"}, {"value", random_.chance(0.5) ? "calm" : "wild"}}}}};
  return random_.chance(0.3) ? wild_spec(spec) : spec;
}

// Any field of the spec that the schema has, with any value that it allows, but for what decides
// whether the service can run at all.
Json Users::wild_spec(const Json& base) {
  std::array<std::uint8_t, 400> bytes{};
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random_.next());
  testing::FuzzInput input(bytes.data(), bytes.size());
  InferenceServiceSpec spec = *decode<InferenceServiceSpec>(base.dump());
  for (int edits = random_.between(1, 4); edits > 0; --edits) testing::edit(spec, input);
  Json wild = encode(spec);
  for (const char* name : {"model", "runtime", "gpu"}) {
    erase_member(wild, name);
    if (base.contains(name)) wild[name] = base[name];
  }
  // More pods than a simulation needs to show anything.
  for (const char* bound : {"min", "max"}) {
    Json& replicas = wild["replicas"];
    if (replicas.contains(bound) && replicas[bound] > 4) replicas[bound] = 4;
  }
  if (wild["replicas"].empty()) erase_member(wild, "replicas");
  return wild;
}

std::string Users::act() {
  const Place& place = kPlaces[random_.below(kPlaces.size())];
  const ObjectRef ref = service(place.ns, place.name);
  const double what = random_.unit();
  if (what < 0.04) return refuse_something();
  if (what < 0.08) return touch_model_version();
  if (server_.find(ref) == nullptr) {
    if (what < 0.15) return stranger(ref);
    create(ref, random_spec());
    return fmt::format("creates {}/{}", ref.namespace_, ref.name);
  }
  if (what < 0.50) return change_something(ref);
  if (what < 0.62) return remove_somehow(ref);
  return touch_child(ref);
}

std::string Users::change_something(const ObjectRef& ref) {
  const Json spec = random_spec();
  change(ref, spec);
  return fmt::format("changes {}/{} to {}", ref.namespace_, ref.name, spec.dump());
}

std::string Users::remove_somehow(const ObjectRef& ref) {
  const std::size_t how = random_.below(8);
  const kube::Propagation propagation = how == 0   ? kube::Propagation::Orphan
                                        : how == 1 ? kube::Propagation::Foreground
                                                   : kube::Propagation::Background;
  remove(ref, propagation);
  const bool again = random_.chance(0.4) && server_.find(ref) == nullptr;
  if (again) create(ref, random_spec());
  return fmt::format("deletes {}/{}{}", ref.namespace_, ref.name,
                     again ? " and makes it anew" : "");
}

std::vector<ObjectRef> Users::children_of(const ObjectRef& ref) const {
  std::vector<ObjectRef> children;
  for (const Json* it : server_.everything()) {
    const Json* label = find_at(*it, {"metadata", "labels", kServiceLabel});
    if (label != nullptr && *label == ref.name && (*it)["metadata"]["namespace"] == ref.namespace_)
      children.push_back(ref_of(*it));
  }
  return children;
}

// Changes only fields that the controller owns: what it does not own it leaves alone for ever.
std::string Users::touch_child(const ObjectRef& ref) {
  const std::vector<ObjectRef> children = children_of(ref);
  if (children.empty()) return {};
  const ObjectRef child = random_.pick(children);
  const std::string name = fmt::format("{} {}/{}", child.kind, child.namespace_, child.name);
  if (child.kind == "Pod" || random_.chance(0.4)) {
    (void)server_.remove_as(kUser, child);
    return "deletes " + name;
  }
  if (random_.chance(0.2)) {
    (void)server_.edit_as(
        kUser, child, [](Json& next) { erase_member(next["metadata"]["labels"], kServiceLabel); });
    return "takes the label from " + name;
  }
  if (child.kind == "Deployment") {
    const bool image = random_.chance(0.5);
    (void)server_.edit_as(kUser, child, [&](Json& next) {
      Json& spec = next["spec"];
      if (image) spec["template"]["spec"]["containers"][0]["image"] = "evil:latest";
      if (!image) spec["replicas"] = 5;
    });
    return (image ? "changes the image of " : "scales ") + name;
  }
  if (child.kind == "Service") {
    bend(child);
    return "changes the selector of " + name;
  }
  if (child.kind == "HorizontalPodAutoscaler") {
    (void)server_.edit_as(kUser, child, [](Json& next) { next["spec"]["maxReplicas"] = 9; });
    return "changes the bounds of " + name;
  }
  return {};
}

std::string Users::refuse_something() {
  const std::string kind = random_.pick(kRefusable);
  if (server_.refusal(kind) != nullptr) {
    server_.allow(kind);
    return "allow " + kind + " again";
  }
  const bool quota = random_.chance(0.5);
  server_.refuse(
      kind, quota ? Error{Fault::Forbidden, "exceeded quota: count/" + kind, {}}
                  : Error{Fault::Forbidden, "admission webhook \"policy\" denied the request", {}});
  return "refuse every new " + kind;
}

std::string Users::stranger(const ObjectRef& ref) {
  Json it = object("v1", "Service", ref.name);
  it["metadata"]["namespace"] = ref.namespace_;
  it["spec"] = {{"selector", {{"app", "legacy"}}}, {"ports", {{{"port", 80}}}}};
  if (!server_.create_as(kUser, it)) return {};
  return fmt::format("makes a Service {}/{} that is not ours", ref.namespace_, ref.name);
}

std::string Users::touch_model_version() {
  const char* ns = random_.chance(0.5) ? "default" : "team";
  const ObjectRef ref{kApiVersion, "ModelVersion", ns, "shared"};
  if (server_.find(ref) == nullptr) {
    (void)server_.create_as(kUser, model_version(ns));
    return fmt::format("makes ModelVersion {}/shared", ns);
  }
  (void)server_.remove_as(kUser, ref);
  return fmt::format("deletes ModelVersion {}/shared", ns);
}

void Users::remove_unlabelled() {
  for (const Json* it : server_.everything()) {
    if (it->at("kind") != "Pod" && is_owned(*it) &&
        find_at(*it, {"metadata", "labels", kServiceLabel}) == nullptr)
      (void)server_.remove_as(kUser, ref_of(*it));
  }
}

std::string Users::touch_namespace() {
  const ObjectRef home{"v1", "Namespace", "", kShortLived};
  const Json* live = server_.find(home);
  if (live == nullptr) {
    make_namespace();
    return fmt::format("makes namespace {} anew", home.name);
  }
  if (live->at("metadata").contains("deletionTimestamp")) return {};
  for (const Json& it : services()) {
    if (it.at("metadata").at("namespace") == kShortLived) lost_.push_back(it);
  }
  (void)server_.remove_as(kUser, home);
  return fmt::format("deletes namespace {}", home.name);
}

void Users::make_namespace() {
  (void)server_.create_as(kUser, object("v1", "Namespace", kShortLived));
  (void)server_.create_as(kUser, model_version(kShortLived));
  for (const Json& it : std::exchange(lost_, {})) create(ref_of(it), it.at("spec"));
}

void Users::settle() {
  if (server_.find({"v1", "Namespace", "", kShortLived}) == nullptr) make_namespace();
  for (const char* kind : kRefusable) server_.allow(kind);
  for (const char* ns : {"default", "team"}) {
    const Json* shared = server_.find({kApiVersion, "ModelVersion", ns, "shared"});
    if (shared == nullptr) (void)server_.create_as(kUser, model_version(ns));
  }
  for (const Json& it : services()) {
    const ObjectRef ref = ref_of(it);
    Json spec = it.at("spec");
    if (spec["model"].value("uri", "").find(kBrokenModel) != std::string::npos)
      spec["model"] = {{"uri", uri_of("ahoy")}};
    erase_member(spec, "runtime");
    // Devices are few: only one service keeps them.
    const bool keeps = ref.namespace_ == kPlaces[0].ns && ref.name == kPlaces[0].name;
    if (!keeps || (spec.contains("gpu") && spec["gpu"].value("memory", "") == "500Gi"))
      erase_member(spec, "gpu");
    if (spec != it.at("spec")) change(ref, spec);
  }
  for (const Json* it : server_.everything()) {
    const std::string kind = it->at("kind").get<std::string>();
    const bool child = kind == "Service" || kind == "Deployment" || kind == "PodDisruptionBudget" ||
                       kind == "HorizontalPodAutoscaler" || kind == "Pod" ||
                       (kind == "ModelVersion" && it->at("metadata").at("name") != "shared");
    if (child && !is_owned(*it)) (void)server_.remove_as(kUser, ref_of(*it));
  }
}

}  // namespace slipway::sim

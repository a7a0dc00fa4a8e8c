// The Deployment controller, without ReplicaSets between a Deployment and its pods, and the HPA.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "controller/sim/stand_ins.hpp"

namespace slipway::sim {
namespace {

const char* const kActor = "kube-controller-manager";
const char* const kHashLabel = "pod-template-hash";

bool deleting(const Json& object) {
  return object.at("metadata").contains("deletionTimestamp");
}

bool is_ready(const Json& pod) {
  const Json* status = find_at(pod, {"status", "conditions", "[type=\"Ready\"]", "status"});
  return status != nullptr && *status == "True";
}

Json pod_of(const Json& deployment, const std::string& name, const std::string& hash) {
  const Json& metadata = deployment.at("metadata");
  Json pod{{"apiVersion", "v1"}, {"kind", "Pod"}};
  pod["metadata"] = deployment.at("spec").at("template").value("metadata", Json::object());
  pod["metadata"]["name"] = name;
  pod["metadata"]["namespace"] = metadata.at("namespace");
  pod["metadata"]["labels"][kHashLabel] = hash;
  pod["metadata"]["ownerReferences"] = Json::array({{{"apiVersion", "apps/v1"},
                                                     {"kind", "Deployment"},
                                                     {"name", metadata.at("name")},
                                                     {"uid", metadata.at("uid")},
                                                     {"controller", true}}});
  pod["spec"] = deployment.at("spec").at("template").at("spec");
  return pod;
}

}  // namespace

const std::string& StandIns::template_hash(const Json& deployment) {
  const Json& metadata = deployment.at("metadata");
  std::string& known = template_hashes_[metadata.at("uid").get<std::string>() + "@" +
                                        std::to_string(metadata.at("generation").get<int>())];
  if (!known.empty()) return known;
  const std::string text = deployment.at("spec").at("template").dump();
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a: the same on every machine
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  known = fmt::format("{:08x}", static_cast<std::uint32_t>(hash ^ (hash >> 32)));
  return known;
}

std::vector<const Json*> StandIns::pods_of(const Json& deployment) const {
  std::vector<const Json*> mine;
  for (const Json* pod : server_.list("v1", "Pod")) {
    const Json* owner = find_at(*pod, {"metadata", "ownerReferences"});
    if (owner != nullptr && !owner->empty() &&
        owner->front().at("uid") == deployment.at("metadata").at("uid"))
      mine.push_back(pod);
  }
  return mine;
}

std::string StandIns::deployment_step() {
  const std::vector<const Json*> all = server_.list("apps/v1", "Deployment");
  if (all.empty()) return {};
  const std::size_t start = random_.below(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    // Kept, because what is done for it may replace it.
    const auto deployment = server_.keep(ref_of(*all[(start + i) % all.size()]));
    if (deleting(*deployment)) continue;
    if (std::string done = sync_deployment(*deployment); !done.empty()) return done;
  }
  return {};
}

std::string StandIns::sync_deployment(const Json& deployment) {
  const ObjectRef ref = ref_of(deployment);
  if (std::string done = sync_pods(deployment, ref); !done.empty()) return done;
  const Error* refused = server_.refusal("Pod");
  const bool wants_more =
      static_cast<int>(pods_of(deployment).size()) < deployment["spec"].value("replicas", 1);
  return sync_deployment_status(deployment, ref,
                                refused != nullptr && wants_more ? refused->what : "");
}

// Creates or deletes one pod. Pods of an older template go before new ones come (maxSurge 0).
std::string StandIns::sync_pods(const Json& deployment, const ObjectRef& ref) {
  const int wanted = deployment["spec"].value("replicas", 1);
  const std::string hash = template_hash(deployment);
  std::vector<const Json*> fresh, old;
  int total = 0;
  for (const Json* pod : pods_of(deployment)) {
    ++total;
    if (deleting(*pod)) continue;
    (pod->at("metadata").at("labels").at(kHashLabel) == hash ? fresh : old).push_back(pod);
  }
  const auto remove = [&](const Json* pod) {
    const ObjectRef target = ref_of(*pod);
    (void)server_.remove_as(kActor, target);
    return fmt::format("deployment {} deletes pod {}", ref.name, target.name);
  };
  if (!old.empty()) return remove(old.front());
  if (static_cast<int>(fresh.size()) > wanted) {
    std::ranges::stable_partition(fresh, [](const Json* pod) { return !is_ready(*pod); });
    return remove(fresh.front());
  }
  // A pod that is being stopped still counts: its devices are not free yet.
  if (total >= wanted) return {};
  const std::string name = fmt::format("{}-{}", ref.name, ++pods_made_);
  if (!server_.create_as(kActor, pod_of(deployment, name, hash))) return {};
  return fmt::format("deployment {} creates pod {}", ref.name, name);
}

std::string StandIns::sync_deployment_status(const Json& deployment, const ObjectRef& ref,
                                             const std::string& refused) {
  int total = 0;
  int ready = 0;
  for (const Json* pod : pods_of(deployment)) {
    if (deleting(*pod)) continue;
    ++total;
    ready += is_ready(*pod) ? 1 : 0;
  }
  const int wanted = deployment["spec"].value("replicas", 1);
  const bool available = ready >= wanted;
  Json status{{"observedGeneration", deployment["metadata"]["generation"]}};
  if (total > 0) status["replicas"] = total;
  if (total > 0) status["updatedReplicas"] = total;
  if (ready > 0) status["readyReplicas"] = ready;
  if (ready > 0) status["availableReplicas"] = ready;
  status["conditions"] = Json::array(
      {{{"type", "Available"},
        {"status", available ? "True" : "False"},
        {"reason", available ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable"}},
       {{"type", "Progressing"},
        {"status", "True"},
        {"reason", available ? "NewReplicaSetAvailable" : "ReplicaSetUpdated"}}});
  if (!refused.empty())
    status["conditions"].push_back({{"type", "ReplicaFailure"},
                                    {"status", "True"},
                                    {"reason", "FailedCreate"},
                                    {"message", refused}});
  if (deployment.value("status", Json::object()) == status) return {};
  (void)server_.edit_status_as(kActor, ref, [&](Json& next) { next["status"] = status; });
  return fmt::format("deployment {} has {} of {} pods ready", ref.name, ready, wanted);
}

std::string StandIns::autoscaler_step() {
  for (const Json* hpa : server_.list("autoscaling/v2", "HorizontalPodAutoscaler")) {
    const Json& spec = hpa->at("spec");
    const int low = spec.value("minReplicas", 1);
    const int high = spec.value("maxReplicas", low);
    const ObjectRef target{"apps/v1", "Deployment", hpa->at("metadata").at("namespace"),
                           spec.at("scaleTargetRef").at("name")};
    const Json* deployment = server_.find(target);
    if (deployment == nullptr) continue;
    const int now = deployment->at("spec").value("replicas", 1);
    if (now == 0) continue;  // scaling is off while somebody holds it at zero
    const int wish =
        restless_ ? random_.between(low, high) : std::clamp(2, low, std::max(low, high));
    if (wish == now || (restless_ && !random_.chance(0.3))) continue;
    (void)server_.edit_as("kube-controller-manager/scale", target,
                          [&](Json& next) { next["spec"]["replicas"] = wish; });
    return fmt::format("autoscaler sets {} to {} replicas", target.name, wish);
  }
  return {};
}

std::string StandIns::garbage_step() {
  const std::vector<ObjectRef> found = server_.garbage();
  if (found.empty()) return {};
  const ObjectRef ref = random_.pick(found);
  server_.collect(ref);
  return fmt::format("garbage collector takes {} {}/{}", ref.kind, ref.namespace_, ref.name);
}

}  // namespace slipway::sim

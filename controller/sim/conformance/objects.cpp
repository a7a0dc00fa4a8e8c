#include "controller/sim/conformance/objects.hpp"

#include <string>
#include <utility>
#include <vector>

#include "controller/sim/field_paths.hpp"

namespace slipway::sim {
namespace {

constexpr const char* kTime = "2026-01-01T00:00:00Z";

std::string digit(Random& random) {
  return std::to_string(random.between(1, 3));
}

Json owner(Random& random) {
  const std::string which = digit(random);
  return {{"apiVersion", "serving.slipway.dev/v1alpha1"},
          {"kind", "InferenceService"},
          {"name", "owner-" + which},
          {"uid", "00000000-0000-0000-0000-00000000000" + which},
          {"controller", random.chance(0.5)},
          {"blockOwnerDeletion", true}};
}

Json owners(Random& random) {
  Json list = Json::array({owner(random)});
  // A second one with the same uid would be a duplicate key.
  Json second = owner(random);
  if (random.chance(0.3) && second["uid"] != list[0]["uid"]) list.push_back(std::move(second));
  return list;
}

Json metadata_like(const ObjectRef& ref, Random& random) {
  Json metadata{{"name", ref.name}, {"namespace", ref.namespace_}};
  if (random.chance(0.6)) metadata["labels"]["tier"] = random.chance(0.5) ? "a" : "b";
  if (random.chance(0.3)) metadata["labels"]["app"] = "x" + digit(random);
  if (random.chance(0.3)) metadata["annotations"]["example.com/note"] = "n" + digit(random);
  if (random.chance(0.3)) metadata["ownerReferences"] = owners(random);
  if (random.chance(0.1)) metadata["finalizers"] = {"example.com/f" + digit(random)};
  return metadata;
}

Json container_like(const std::string& name, Random& random) {
  Json container{{"name", name}, {"image", "llama:" + digit(random)}};
  if (random.chance(0.4)) container["args"] = {"--n", digit(random)};
  Json env = Json::array();
  for (const char* variable : {"A", "B"}) {
    if (random.chance(0.3)) env.push_back({{"name", variable}, {"value", digit(random)}});
  }
  if (random.chance(0.1))
    env.push_back({{"name", "IP"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "status.podIP"}}}}}});
  if (!env.empty()) container["env"] = std::move(env);
  if (random.chance(0.3)) container["resources"]["limits"]["cpu"] = digit(random);
  if (random.chance(0.3))
    container["ports"] = Json::array({{{"name", "http"}, {"containerPort", 8080}}});
  if (name == "engine" && random.chance(0.2))
    container["readinessProbe"] = {{"httpGet", {{"path", "/readyz"}, {"port", "http"}}}};
  if (random.chance(0.3))
    container["volumeMounts"] = Json::array({{{"name", "models"}, {"mountPath", "/models"}}});
  return container;
}

Json pod_like(Random& random) {
  Json pod{{"containers", Json::array({container_like("engine", random)})}};
  if (random.chance(0.3)) pod["containers"].push_back(container_like("side", random));
  if (random.chance(0.3)) pod["initContainers"] = Json::array({container_like("model", random)});
  if (random.chance(0.2)) pod["nodeSelector"]["zone"] = digit(random);
  if (random.chance(0.2)) pod["terminationGracePeriodSeconds"] = 60 * random.between(1, 3);
  if (random.chance(0.2))
    pod["tolerations"] = Json::array({{{"key", "gpu"}, {"operator", "Exists"}}});
  if (random.chance(0.2))
    pod["topologySpreadConstraints"] = Json::array({{{"maxSkew", random.between(1, 3)},
                                                     {"topologyKey", "zone"},
                                                     {"whenUnsatisfiable", "ScheduleAnyway"}}});
  // Always, because a container may mount it.
  pod["volumes"] = Json::array({{{"name", "models"}, {"emptyDir", Json::object()}}});
  if (random.chance(0.2))
    pod["volumes"].push_back({{"name", "ca"}, {"secret", {{"secretName", "ca"}}}});
  return pod;
}

Json deployment_spec(const ObjectRef& ref, Random& random) {
  const Json labels{{"name", ref.name}};
  Json spec{{"selector", {{"matchLabels", labels}}},
            {"template", {{"metadata", {{"labels", labels}}}}}};
  if (random.chance(0.03)) spec["selector"]["matchLabels"]["name"] = "another";
  if (random.chance(0.6)) spec["replicas"] = random.between(0, 3);
  if (random.chance(0.2)) spec["strategy"]["type"] = "Recreate";
  if (random.chance(0.2))
    spec["strategy"] = {{"rollingUpdate", {{"maxSurge", random.between(1, 3)}}}};
  if (random.chance(0.2)) spec["minReadySeconds"] = random.between(1, 3);
  spec["template"]["spec"] = pod_like(random);
  if (random.chance(0.1)) erase_member(spec, "template");
  return spec;
}

Json service_spec(const ObjectRef& ref, Random& random) {
  Json spec{{"selector", {{"name", ref.name + "-" + digit(random)}}},
            {"ports", Json::array({{{"name", "http"}, {"port", 80}}})}};
  if (random.chance(0.5))
    spec["ports"][0]["targetPort"] = random.chance(0.5) ? Json("http") : Json(8080);
  if (random.chance(0.3)) spec["ports"].push_back({{"name", "metrics"}, {"port", 81}});
  if (random.chance(0.2)) spec["publishNotReadyAddresses"] = true;
  return spec;
}

Json autoscaler_spec(const ObjectRef& ref, Random& random) {
  Json spec{
      {"scaleTargetRef", {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", ref.name}}},
      {"maxReplicas", random.between(3, 5)},
      {"metrics", Json::array({{{"type", "Resource"},
                                {"resource",
                                 {{"name", "cpu"},
                                  {"target",
                                   {{"type", "Utilization"},
                                    {"averageUtilization", 10 * random.between(5, 9)}}}}}}})}};
  if (random.chance(0.6)) spec["minReplicas"] = random.between(1, 3);
  return spec;
}

Json budget_spec(const ObjectRef& ref, Random& random) {
  Json spec{{"selector", {{"matchLabels", {{"name", ref.name + "-" + digit(random)}}}}}};
  spec["maxUnavailable"] = random.chance(0.5) ? Json(random.between(1, 3)) : Json("25%");
  return spec;
}

Json service_of_models_spec(Random& random) {
  Json spec{{"model", {{"uri", "pvc://models/" + digit(random) + ".gguf"}}}};
  if (random.chance(0.5)) spec["replicas"]["min"] = random.between(1, 2);
  if (random.chance(0.5)) spec["replicas"]["max"] = random.between(2, 3);
  return spec;
}

Json version_spec(Random& random) {
  Json spec{{"source", {{"uri", "pvc://models/a.gguf"}}}};
  if (random.chance(0.5)) spec["stage"] = random.chance(0.5) ? "approved" : "candidate";
  return spec;
}

Json condition(const char* type, Random& random) {
  Json made{{"type", type},
            {"status", random.chance(0.5) ? "True" : "False"},
            {"reason", "R" + digit(random)},
            {"lastTransitionTime", kTime}};
  if (random.chance(0.5)) made["message"] = "m" + digit(random);
  return made;
}

bool is_ours(const ObjectRef& ref) {
  return ref.kind == "InferenceService" || ref.kind == "ModelVersion";
}

}  // namespace

Json object_like(const ObjectRef& ref, Random& random) {
  Json object{{"apiVersion", ref.api_version},
              {"kind", ref.kind},
              {"metadata", metadata_like(ref, random)}};
  if (ref.kind == "Deployment") object["spec"] = deployment_spec(ref, random);
  if (ref.kind == "Service") object["spec"] = service_spec(ref, random);
  if (ref.kind == "HorizontalPodAutoscaler") object["spec"] = autoscaler_spec(ref, random);
  if (ref.kind == "PodDisruptionBudget") object["spec"] = budget_spec(ref, random);
  if (ref.kind == "InferenceService") object["spec"] = service_of_models_spec(random);
  if (ref.kind == "ModelVersion") object["spec"] = version_spec(random);
  return object;
}

Json status_like(const ObjectRef& ref, Random& random) {
  if (!is_ours(ref)) return nullptr;
  Json status{{"observedGeneration", random.between(1, 3)}};
  if (random.chance(0.6)) status["summary"] = "s" + digit(random);
  Json conditions = Json::array();
  for (const char* type : {"Ready", "Reconciling"}) {
    if (random.chance(0.6)) conditions.push_back(condition(type, random));
  }
  if (!conditions.empty()) status["conditions"] = std::move(conditions);
  if (ref.kind == "InferenceService" && random.chance(0.3))
    status["replicas"] = random.between(0, 3);
  return status;
}

Json change_like(const ObjectRef& ref, Random& random) {
  Json change = Json::object();
  const auto value = [&](Json set) { return random.chance(0.3) ? Json() : std::move(set); };
  switch (random.below(4)) {
    case 0:
      change["/metadata/labels/tier"] = value(random.chance(0.5) ? "a" : "b");
      break;
    case 1:
      change["/metadata/annotations/example.com~1note"] = value("n" + digit(random));
      break;
    default:
      if (ref.kind == "Deployment") change["/spec/replicas"] = random.between(0, 3);
      if (ref.kind == "Service") change["/spec/selector/name"] = "other-" + digit(random);
      if (ref.kind == "HorizontalPodAutoscaler") change["/spec/maxReplicas"] = random.between(3, 5);
      if (ref.kind == "PodDisruptionBudget") change["/spec/maxUnavailable"] = random.between(1, 3);
      if (ref.kind == "InferenceService") change["/spec/replicas/max"] = random.between(2, 3);
      if (ref.kind == "ModelVersion") change["/spec/stage"] = value("deprecated");
  }
  return change;
}

Json status_change_like(const ObjectRef& ref, Random& random) {
  if (ref.kind == "Deployment")
    return {{"/status/replicas", random.between(1, 3)}, {"/status/observedGeneration", 1}};
  if (is_ours(ref)) return {{"/status/summary", "u" + digit(random)}};
  return nullptr;
}

}  // namespace slipway::sim

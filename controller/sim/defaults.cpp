#include "controller/sim/defaults.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "controller/sim/field_paths.hpp"

namespace slipway::sim {
namespace {

void fill(Json& object, const char* name, Json value) {
  if (!object.contains(name)) object[name] = std::move(value);
}

template <class Function>
void each(Json& object, const char* name, Function&& function) {
  const auto list = object.find(name);
  if (list == object.end()) return;
  for (Json& element : *list) function(element);
}

void default_probe(Json& container, const char* name) {
  const auto probe = container.find(name);
  if (probe == container.end()) return;
  fill(*probe, "timeoutSeconds", 1);
  fill(*probe, "periodSeconds", 10);
  fill(*probe, "successThreshold", 1);
  fill(*probe, "failureThreshold", 3);
  if (probe->contains("httpGet")) {
    fill((*probe)["httpGet"], "path", "/");
    fill((*probe)["httpGet"], "scheme", "HTTP");
  }
}

void default_container(Json& container) {
  fill(container, "resources", Json::object());
  fill(container, "terminationMessagePath", "/dev/termination-log");
  fill(container, "terminationMessagePolicy", "File");
  fill(container, "imagePullPolicy", "IfNotPresent");
  each(container, "ports", [](Json& port) { fill(port, "protocol", "TCP"); });
  each(container, "env", [](Json& variable) {
    const auto source = variable.find("valueFrom");
    if (source != variable.end() && source->contains("fieldRef"))
      fill((*source)["fieldRef"], "apiVersion", "v1");
  });
  for (const char* probe : {"livenessProbe", "readinessProbe", "startupProbe"})
    default_probe(container, probe);
}

void default_volume(Json& volume) {
  for (const char* source : {"secret", "configMap", "projected", "downwardAPI"}) {
    if (volume.contains(source)) fill(volume[source], "defaultMode", 420);
  }
}

void default_pod_spec(Json& spec) {
  fill(spec, "restartPolicy", "Always");
  fill(spec, "terminationGracePeriodSeconds", 30);
  fill(spec, "dnsPolicy", "ClusterFirst");
  fill(spec, "securityContext", Json::object());
  fill(spec, "schedulerName", "default-scheduler");
  if (spec.contains("serviceAccountName")) fill(spec, "serviceAccount", spec["serviceAccountName"]);
  each(spec, "containers", default_container);
  each(spec, "initContainers", default_container);
  each(spec, "volumes", default_volume);
}

void default_deployment(Json& spec) {
  fill(spec, "replicas", 1);
  fill(spec, "strategy", Json::object());
  Json& strategy = spec["strategy"];
  fill(strategy, "type", "RollingUpdate");
  if (strategy["type"] == "RollingUpdate") {
    fill(strategy, "rollingUpdate", Json::object());
    fill(strategy["rollingUpdate"], "maxUnavailable", "25%");
    fill(strategy["rollingUpdate"], "maxSurge", "25%");
  }
  fill(spec, "revisionHistoryLimit", 10);
  fill(spec, "progressDeadlineSeconds", 600);
  fill(spec, "template", Json::object());
  fill(spec["template"], "spec", Json::object());
  default_pod_spec(spec["template"]["spec"]);
}

void default_service(Json& spec, const std::string& cluster_ip) {
  each(spec, "ports", [](Json& port) {
    fill(port, "protocol", "TCP");
    if (port.contains("port")) fill(port, "targetPort", port["port"]);
  });
  fill(spec, "type", "ClusterIP");
  fill(spec, "sessionAffinity", "None");
  fill(spec, "internalTrafficPolicy", "Cluster");
  if (cluster_ip.empty()) return;
  fill(spec, "clusterIP", cluster_ip);
  fill(spec, "clusterIPs", Json::array({spec["clusterIP"]}));
  fill(spec, "ipFamilies", Json::array({"IPv4"}));
  fill(spec, "ipFamilyPolicy", "SingleStack");
}

}  // namespace

void apply_defaults(Json& object, const std::string& cluster_ip) {
  for (const char* name : {"labels", "annotations", "finalizers", "ownerReferences"}) {
    Json& metadata = object["metadata"];
    if (metadata.contains(name) && metadata[name].empty()) erase_member(metadata, name);
  }
  const auto kind = object.value("kind", "");
  const auto spec = object.find("spec");
  if (spec == object.end()) return;
  if (kind == "Deployment") {
    default_deployment(*spec);
  } else if (kind == "Service") {
    default_service(*spec, cluster_ip);
  } else if (kind == "Pod") {
    default_pod_spec(*spec);
  } else if (kind == "HorizontalPodAutoscaler") {
    fill(*spec, "minReplicas", 1);
  }
}

bool has_status_subresource(const std::string& kind) {
  constexpr std::array<std::string_view, 7> kinds = {
      "InferenceService",   "ModelVersion", "Deployment", "HorizontalPodAutoscaler", "Pod", "Node",
      "PodDisruptionBudget"};
  return std::ranges::find(kinds, kind) != kinds.end();
}

bool has_generation(const std::string& kind) {
  constexpr std::array<std::string_view, 6> kinds = {"InferenceService", "ModelVersion",
                                                     "ServingRuntime",   "ClusterServingRuntime",
                                                     "Deployment",       "PodDisruptionBudget"};
  return std::ranges::find(kinds, kind) != kinds.end();
}

}  // namespace slipway::sim

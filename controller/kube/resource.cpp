#include "controller/kube/resource.hpp"

#include <algorithm>
#include <array>

#include "crds/base/check.hpp"

namespace slipway::kube {
namespace {

const std::array<Resource, 16>& known_resources() {
  static const std::array<Resource, 16> resources = {{
      {"", "v1", "pods", "Pod", true},
      {"", "v1", "services", "Service", true},
      {"", "v1", "nodes", "Node", false},
      {"", "v1", "namespaces", "Namespace", false},
      {"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true},
      {"", "v1", "configmaps", "ConfigMap", true},
      {"", "v1", "events", "Event", true},
      {"events.k8s.io", "v1", "events", "Event", true},
      {"apps", "v1", "deployments", "Deployment", true},
      {"autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true},
      {"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true},
      {"coordination.k8s.io", "v1", "leases", "Lease", true},
      {"serving.slipway.dev", "v1alpha1", "inferenceservices", "InferenceService", true},
      {"serving.slipway.dev", "v1alpha1", "modelversions", "ModelVersion", true},
      {"serving.slipway.dev", "v1alpha1", "servingruntimes", "ServingRuntime", true},
      {"serving.slipway.dev", "v1alpha1", "clusterservingruntimes", "ClusterServingRuntime", false},
  }};
  return resources;
}

}  // namespace

std::string Resource::api_version() const {
  return group.empty() ? version : group + "/" + version;
}

std::string collection_path(const Resource& resource, std::string_view ns) {
  std::string path = resource.group.empty() ? "/api/" : "/apis/" + resource.group + "/";
  path += resource.version;
  if (resource.namespaced && !ns.empty()) path += "/namespaces/" + url_escape(ns);
  return path + "/" + resource.plural;
}

std::string object_path(const Resource& resource, std::string_view ns, std::string_view name) {
  SLIPWAY_CHECK(!resource.namespaced || !ns.empty(), "a namespaced object has a namespace");
  return collection_path(resource, ns) + "/" + url_escape(name);
}

const Resource* find_resource(std::string_view api_version, std::string_view kind) {
  const auto& all = known_resources();
  const auto found = std::ranges::find_if(all, [&](const Resource& resource) {
    return resource.kind == kind && resource.api_version() == api_version;
  });
  return found == all.end() ? nullptr : &*found;
}

std::string url_escape(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool alphanumeric =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (alphanumeric || c == '-' || c == '.' || c == '_' || c == '~') {
      escaped += c;
    } else {
      escaped += '%';
      escaped += kHex[byte >> 4];
      escaped += kHex[byte & 0xF];
    }
  }
  return escaped;
}

}  // namespace slipway::kube

// Namespaces of the simulated API server: what is being terminated takes nothing new.
// Source: kubernetes.io/docs/reference/access-authn-authz/admission-controllers
// (NamespaceLifecycle); the text is that of Kubernetes 1.34, which names the cause
// NamespaceTerminating with it.
#include <fmt/format.h>

#include <algorithm>

#include "controller/sim/sim_api_server.hpp"

namespace slipway::sim {
namespace {

ObjectRef namespace_ref(const std::string& name) {
  return {"v1", "Namespace", "", name};
}

}  // namespace

// A namespace that nobody ever made is taken to be there, so that a test need not make it.
Result<> SimApiServer::check_namespace(const kube::Resource& resource, const std::string& ns,
                                       const std::string& name) const {
  if (!resource.namespaced) return {};
  const Json* home = find(namespace_ref(ns));
  if (home == nullptr && !gone_namespaces_.contains(ns)) return {};
  if (home == nullptr) return fail(Fault::NotFound, fmt::format("namespaces \"{}\" not found", ns));
  if (!home->at("metadata").contains("deletionTimestamp")) return {};
  const std::string kind = resource.plural + (resource.group.empty() ? "" : "." + resource.group);
  return fail(Fault::Forbidden,
              fmt::format("{} \"{}\" is forbidden: unable to create new content in namespace {} "
                          "because it is being terminated",
                          kind, name, ns));
}

std::vector<ObjectRef> SimApiServer::contents(const std::string& ns) const {
  std::vector<ObjectRef> found;
  for (const Json* object : everything()) {
    if (object->at("metadata").value("namespace", "") == ns) found.push_back(ref_of(*object));
  }
  return found;
}

}  // namespace slipway::sim

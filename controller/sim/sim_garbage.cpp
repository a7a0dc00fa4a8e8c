// The garbage collector of the simulated API server, one object at a time.
// Source: kubernetes.io/docs/concepts/architecture/garbage-collection (owners, propagation).
#include <algorithm>

#include "controller/sim/sim_api_server.hpp"

namespace slipway::sim {
namespace {

const char* const kCollector = "garbage-collector";

const Json& owners_of(const Json& object) {
  static const Json none = Json::array();
  const Json& metadata = object.at("metadata");
  const auto owners = metadata.find("ownerReferences");
  return owners == metadata.end() ? none : *owners;
}

bool waits_with(const Json& object, const char* finalizer) {
  const Json& metadata = object.at("metadata");
  const auto finalizers = metadata.find("finalizers");
  return metadata.contains("deletionTimestamp") && finalizers != metadata.end() &&
         std::ranges::find(*finalizers, finalizer) != finalizers->end();
}

void drop_finalizer(Json& object, const char* finalizer) {
  Json& list = object["metadata"]["finalizers"];
  list.erase(std::ranges::find(list, finalizer));
  if (list.empty()) erase_member(object["metadata"], "finalizers");
}

}  // namespace

// An object goes when it names owners, and each is gone or is waiting for its dependents to go.
bool SimApiServer::dangling(const Json& object) const {
  const Json& owners = owners_of(object);
  if (owners.empty() || object.at("metadata").contains("deletionTimestamp")) return false;
  return std::ranges::all_of(owners, [&](const Json& owner) {
    const ObjectRef ref{
        owner.at("apiVersion").get<std::string>(), owner.at("kind").get<std::string>(),
        object.at("metadata").value("namespace", ""), owner.at("name").get<std::string>()};
    const Json* live = find(ref);
    return live == nullptr || live->at("metadata").at("uid") != owner.at("uid") ||
           waits_with(*live, "foregroundDeletion");
  });
}

bool SimApiServer::has_dependents(const std::string& uid) const {
  const std::vector<const Json*> all = everything();
  return std::ranges::any_of(all, [&](const Json* object) {
    const Json& owners = owners_of(*object);
    return std::ranges::any_of(owners, [&](const Json& owner) { return owner.at("uid") == uid; });
  });
}

std::vector<ObjectRef> SimApiServer::garbage() const {
  std::vector<ObjectRef> found;
  for (const Json* object : everything()) {
    const std::string uid = object->at("metadata").at("uid").get<std::string>();
    if (dangling(*object) || waits_with(*object, "orphan") ||
        (waits_with(*object, "foregroundDeletion") && !has_dependents(uid)))
      found.push_back(ref_of(*object));
  }
  return found;
}

void SimApiServer::collect(const ObjectRef& ref) {
  const Json* object = find(ref);
  if (object == nullptr) return;
  if (waits_with(*object, "orphan")) {
    const Json uid = object->at("metadata").at("uid");
    for (const Json* child : everything()) {
      if (!std::ranges::any_of(owners_of(*child),
                               [&](const Json& o) { return o.at("uid") == uid; }))
        continue;
      (void)edit_as(kCollector, ref_of(*child), [&](Json& next) {
        Json& owners = next["metadata"]["ownerReferences"];
        std::erase_if(owners.get_ref<Json::array_t&>(),
                      [&](const Json& owner) { return owner.at("uid") == uid; });
        if (owners.empty()) erase_member(next["metadata"], "ownerReferences");
      });
    }
    (void)edit_as(kCollector, ref, [](Json& next) { drop_finalizer(next, "orphan"); });
  } else if (waits_with(*object, "foregroundDeletion")) {
    if (!has_dependents(object->at("metadata").at("uid").get<std::string>()))
      (void)edit_as(kCollector, ref,
                    [](Json& next) { drop_finalizer(next, "foregroundDeletion"); });
  } else if (dangling(*object)) {
    (void)remove_as(kCollector, ref);
  }
}

}  // namespace slipway::sim

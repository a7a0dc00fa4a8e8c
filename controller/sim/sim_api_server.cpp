#include "controller/sim/sim_api_server.hpp"

#include <algorithm>
#include <array>

#include "controller/sim/defaults.hpp"
#include "controller/sim/validation.hpp"
#include "crds/base/check.hpp"

namespace slipway::sim {
namespace {

const kube::Resource& resource_of(const Json& object) {
  const kube::Resource* resource = kube::find_resource(object.at("apiVersion").get<std::string>(),
                                                       object.at("kind").get<std::string>());
  SLIPWAY_CHECK(resource != nullptr, "only known kinds are simulated");
  return *resource;
}

tl::unexpected<Error> not_found(const ObjectRef& ref) {
  return fail(Fault::NotFound, named(ref.kind, ref.name) + " not found");
}

// The last one who asks for a deletion says how it is to be done.
void set_propagation(Json& metadata, kube::Propagation propagation) {
  Json kept = Json::array();
  for (const Json& name : metadata.value("finalizers", Json::array()))
    if (name != "foregroundDeletion" && name != "orphan") kept.push_back(name);
  if (propagation == kube::Propagation::Foreground) kept.push_back("foregroundDeletion");
  if (propagation == kube::Propagation::Orphan) kept.push_back("orphan");
  if (kept == metadata.value("finalizers", Json::array())) return;
  erase_member(metadata, "finalizers");
  if (!kept.empty()) metadata["finalizers"] = std::move(kept);
}

bool has_finalizers(const Json& object) {
  const Json& metadata = object.at("metadata");
  return metadata.contains("finalizers") && !metadata["finalizers"].empty();
}

// A change of anything else advances the generation; a Deployment's annotations count, too.
bool same_intent(const Json& a, const Json& b) {
  const auto notes_of = [](const Json& object) {
    return object["metadata"].value("annotations", Json::object());
  };
  if (a.value("kind", "") == "Deployment" && notes_of(a) != notes_of(b)) return false;
  const auto part_of = [](const Json& object, const Json& other) {
    for (const auto& [name, member] : object.items()) {
      if (name == "metadata" || name == "status") continue;
      const auto same = other.find(name);
      if (same == other.end() || *same != member) return false;
    }
    return true;
  };
  return part_of(a, b) && part_of(b, a);
}

struct Kind {
  const char* api_version;
  const char* kind;
};
constexpr std::array<Kind, 14> kServed = {
    {{"v1", "Pod"},
     {"v1", "Service"},
     {"v1", "Node"},
     {"v1", "Namespace"},
     {"v1", "Event"},
     {"events.k8s.io/v1", "Event"},
     {"apps/v1", "Deployment"},
     {"autoscaling/v2", "HorizontalPodAutoscaler"},
     {"policy/v1", "PodDisruptionBudget"},
     {"coordination.k8s.io/v1", "Lease"},
     {"serving.slipway.dev/v1alpha1", "InferenceService"},
     {"serving.slipway.dev/v1alpha1", "ModelVersion"},
     {"serving.slipway.dev/v1alpha1", "ServingRuntime"},
     {"serving.slipway.dev/v1alpha1", "ClusterServingRuntime"}}};

}  // namespace

SimApiServer::SimApiServer(std::function<Time()> now) : now_(std::move(now)) {
  for (const Kind& kind : kServed) {
    const kube::Resource* resource = kube::find_resource(kind.api_version, kind.kind);
    SLIPWAY_CHECK(resource != nullptr, "only known kinds are simulated");
    collection(*resource);
  }
}

SimApiServer::Collection& SimApiServer::collection(const kube::Resource& resource) {
  Collection& found = collections_[resource.group + "/" + resource.plural];
  if (found.resource == nullptr)
    found.resource = kube::find_resource(resource.api_version(), resource.kind);
  SLIPWAY_CHECK(found.resource != nullptr, "only known kinds are simulated");
  return found;
}

const SimApiServer::Stored* SimApiServer::stored(const ObjectRef& ref) const {
  const kube::Resource* resource = kube::find_resource(ref.api_version, ref.kind);
  SLIPWAY_CHECK(resource != nullptr, "only known kinds are simulated");
  const auto found = collections_.find(resource->group + "/" + resource->plural);
  if (found == collections_.end()) return nullptr;
  const auto object = found->second.objects.find({ref.namespace_, ref.name});
  return object == found->second.objects.end() ? nullptr : &object->second;
}

SimApiServer::Stored* SimApiServer::stored(const ObjectRef& ref) {
  return const_cast<Stored*>(static_cast<const SimApiServer*>(this)->stored(ref));
}

void SimApiServer::remove_now(const std::string& actor, const ObjectRef& ref) {
  if (const Stored* found = stored(ref); found != nullptr && !has_finalizers(*found->object))
    drop(actor, ref);
}

const Json* SimApiServer::find(const ObjectRef& ref) const {
  const Stored* found = stored(ref);
  return found == nullptr ? nullptr : found->object.get();
}

std::shared_ptr<const Json> SimApiServer::keep(const ObjectRef& ref) const {
  const Stored* found = stored(ref);
  SLIPWAY_CHECK(found != nullptr, "what is kept exists");
  return found->object;
}

const Owners& SimApiServer::owners(const ObjectRef& ref) const {
  const Stored* found = stored(ref);
  SLIPWAY_CHECK(found != nullptr, "the owners of an object that exists are asked for");
  return found->owners;
}

std::vector<const Json*> SimApiServer::list(const std::string& api_version,
                                            const std::string& kind) const {
  std::vector<const Json*> objects;
  const kube::Resource* resource = kube::find_resource(api_version, kind);
  SLIPWAY_CHECK(resource != nullptr, "only known kinds are simulated");
  const auto found = collections_.find(resource->group + "/" + resource->plural);
  if (found == collections_.end()) return objects;
  for (const auto& [name, object] : found->second.objects) objects.push_back(object.object.get());
  return objects;
}

std::vector<const Json*> SimApiServer::everything() const {
  std::vector<const Json*> objects;
  for (const auto& [path, collection] : collections_) {
    for (const auto& [name, object] : collection.objects) objects.push_back(object.object.get());
  }
  return objects;
}

const Error* SimApiServer::refusal(const std::string& kind) const {
  const auto found = refusals_.find(kind);
  return found == refusals_.end() ? nullptr : &found->second;
}

Result<Json> SimApiServer::insert(const std::string& actor, Json object, Owners owners) {
  const kube::Resource& resource = resource_of(object);
  Json& metadata = object["metadata"];
  const std::string name = metadata.at("name").get<std::string>();
  SLIPWAY_TRY(check_namespace(resource, metadata.value("namespace", ""), name));
  if (const Error* refused = refusal(resource.kind)) return tl::unexpected<Error>(*refused);
  SLIPWAY_TRY(check_valid(Json(), object));
  Collection& home = collection(resource);
  const Name key{resource.namespaced ? metadata.value("namespace", "") : "", name};
  SLIPWAY_CHECK(!resource.namespaced || !key.first.empty(), "a namespaced object has a namespace");
  if (home.objects.contains(key))
    return fail(Fault::AlreadyExists, named(resource.plural, name) + " already exists");

  metadata["uid"] = "uid-" + std::to_string(++uids_);
  metadata["resourceVersion"] = std::to_string(++version_);
  metadata["creationTimestamp"] = to_rfc3339(now_());
  if (has_generation(resource.kind)) metadata["generation"] = 1;
  if (has_status_subresource(resource.kind)) erase_member(object, "status");
  apply_defaults(object, "10.96.0." + std::to_string(++addresses_));

  if (resource.kind == "Namespace") gone_namespaces_.erase(name);
  Stored& stored = home.objects[key];
  stored = {std::make_shared<const Json>(std::move(object)), std::move(owners)};
  home.log.append({version_, "ADDED", stored.object, nullptr});
  const Json created = *stored.object;
  if (observer_) observer_({actor, nullptr, &created});
  return created;
}

Result<Json> SimApiServer::replace(const std::string& actor, Stored& stored, Owned next) {
  apply_defaults(next.object, "");
  const Json& before = *stored.object;
  if (next.object == before && next.owners == stored.owners) return before;
  SLIPWAY_TRY(check_valid(before, next.object));
  SLIPWAY_TRY(check_finalizers(before, next.object));
  if (has_generation(before.value("kind", "")) && !same_intent(before, next.object))
    next.object["metadata"]["generation"] = before["metadata"].value("generation", 0) + 1;
  // Without its last finalizer, what waits for its deletion is not stored any more but goes.
  if (being_deleted(next.object) && !has_finalizers(next.object) && before["kind"] != "Pod") {
    drop(actor, ref_of(before));
    return std::move(next.object);
  }
  return store(actor, stored, std::move(next));
}

Json SimApiServer::store(const std::string& actor, Stored& stored, Owned next) {
  next.object["metadata"]["resourceVersion"] = std::to_string(++version_);
  const std::shared_ptr<const Json> old = stored.object;
  stored = {std::make_shared<const Json>(std::move(next.object)), std::move(next.owners)};
  const std::shared_ptr<const Json> now = stored.object;
  collection(resource_of(*now)).log.append({version_, "MODIFIED", now, old});
  if (observer_) observer_({actor, old.get(), now.get()});
  return *now;
}

void SimApiServer::drop(const std::string& actor, const ObjectRef& ref) {
  const Stored* found = stored(ref);
  SLIPWAY_CHECK(found != nullptr, "what is dropped exists");
  const std::shared_ptr<const Json> old = found->object;
  Collection& home = collection(resource_of(*old));
  Json last = *old;
  last["metadata"]["resourceVersion"] = std::to_string(++version_);
  home.log.append({version_, "DELETED", std::make_shared<const Json>(std::move(last)), old});
  home.objects.erase({ref.namespace_, ref.name});
  if (ref.kind == "Namespace") gone_namespaces_.insert(ref.name);
  if (observer_) observer_({actor, old.get(), nullptr});
}

Result<> SimApiServer::erase(const std::string& actor, const ObjectRef& ref,
                             kube::Propagation propagation) {
  Stored* found = stored(ref);
  if (found == nullptr) return not_found(ref);
  Json next = *found->object;
  set_propagation(next["metadata"], propagation);
  // A pod that was scheduled is stopped by its kubelet first, and a namespace is emptied.
  const bool graceful =
      ref.kind == "Namespace" || (ref.kind == "Pod" && next["spec"].contains("nodeName"));
  if (!has_finalizers(next) && !graceful) {
    drop(actor, ref);
    return {};
  }
  if (!being_deleted(next)) {
    Json& metadata = next["metadata"];
    metadata["deletionTimestamp"] = to_rfc3339(now_());
    if (has_generation(ref.kind)) metadata["generation"] = metadata.value("generation", 0) + 1;
  }
  if (next != *found->object) store(actor, *found, {std::move(next), found->owners});
  return {};
}

Result<kube::ApplyAnswer> SimApiServer::get(const kube::GetRequest& request) {
  const ObjectRef ref{request.resource.api_version(), request.resource.kind, request.ns,
                      request.name};
  const Json* live = find(ref);
  if (live == nullptr) return not_found(ref);
  return kube::ApplyAnswer{live->dump()};
}

Result<kube::ApplyAnswer> SimApiServer::apply_to(const kube::ApplyRequest& request,
                                                 const std::string& manager, const Json& intent,
                                                 bool may_create) {
  const ObjectRef ref{request.resource.api_version(), request.resource.kind, request.ns,
                      request.name};
  Stored* live = stored(ref);
  Result<Json> done;
  if (live == nullptr) {
    const Json metadata = request.object.value("metadata", Json::object());
    if (!may_create) return not_found(ref);
    // A version alone does not keep it from being made anew.
    if (metadata.contains("uid"))
      return fail(Fault::Conflict, named(ref.kind, ref.name) + ": no such object any more");
    Json object{
        {"apiVersion", ref.api_version}, {"kind", ref.kind}, {"metadata", {{"name", ref.name}}}};
    if (!ref.namespace_.empty()) object["metadata"]["namespace"] = ref.namespace_;
    Result<Owned> merged = merge_apply({std::move(object), {}}, intent, manager, request.force);
    if (!merged) return tl::unexpected<Error>(std::move(merged).error());
    done = insert(request.manager, std::move(merged->object), std::move(merged->owners));
  } else {
    SLIPWAY_TRY(check_preconditions(*live->object, request.object));
    Result<Owned> merged =
        merge_apply({*live->object, live->owners}, intent, manager, request.force);
    if (!merged) return tl::unexpected<Error>(std::move(merged).error());
    done = replace(request.manager, *live, std::move(*merged));
  }
  if (!done) return tl::unexpected<Error>(std::move(done).error());
  return kube::ApplyAnswer{done->dump()};
}

Result<kube::ApplyAnswer> SimApiServer::apply(const kube::ApplyRequest& request) {
  return apply_to(request, request.manager, owned_part(request.object), true);
}

Result<kube::ApplyAnswer> SimApiServer::apply_status(const kube::ApplyRequest& request) {
  const Json intent{{"status", request.object.value("status", Json::object())}};
  // What is not status is reset before it is compared: a wrong uid goes unnoticed, a version does
  // not.
  kube::ApplyRequest unnamed = request;
  if (unnamed.object.contains("metadata")) erase_member(unnamed.object["metadata"], "uid");
  return apply_to(unnamed, request.manager + "/status", intent, false);
}

Result<kube::ApplyAnswer> SimApiServer::create(const kube::CreateRequest& request) {
  Json object = request.object;
  if (!request.ns.empty()) object["metadata"]["namespace"] = request.ns;
  Result<Json> done = create_as(kube::kFieldManager, std::move(object));
  if (!done) return tl::unexpected<Error>(std::move(done).error());
  return kube::ApplyAnswer{done->dump()};
}

Result<> SimApiServer::remove(const kube::RemoveRequest& request) {
  const ObjectRef ref{request.resource.api_version(), request.resource.kind, request.ns,
                      request.name};
  const Json* live = find(ref);
  if (live == nullptr) return not_found(ref);
  if (!request.uid.empty() && live->at("metadata").at("uid") != request.uid)
    return fail(Fault::Conflict, named(ref.kind, ref.name) + ": the UID in the precondition (" +
                                     request.uid + ") does not match the UID in record");
  if (!request.resource_version.empty() &&
      live->at("metadata").at("resourceVersion") != request.resource_version)
    return fail(Fault::Conflict,
                named(ref.kind, ref.name) + ": the ResourceVersion in the precondition (" +
                    request.resource_version + ") does not match the ResourceVersion in record");
  return erase(kube::kFieldManager, ref, request.propagation);
}

Result<kube::ApplyAnswer> SimApiServer::patch_finalizers(const kube::FinalizersPatch& request) {
  const ObjectRef ref{request.resource.api_version(), request.resource.kind, request.ns,
                      request.name};
  Stored* live = stored(ref);
  if (live == nullptr) return not_found(ref);
  SLIPWAY_TRY(check_preconditions(
      *live->object, Json{{"metadata", {{"resourceVersion", request.resource_version}}}}));
  Json next = *live->object;
  next["metadata"]["finalizers"] = request.finalizers;
  if (request.finalizers.empty()) erase_member(next["metadata"], "finalizers");
  Owners owners = live->owners;
  // An update is not undone by the next apply of the same manager.
  note_update(owners, std::string(kube::kFieldManager) + "/update", owned_part(*live->object),
              owned_part(next));
  Result<Json> done = replace(kube::kFieldManager, *live, {std::move(next), std::move(owners)});
  if (!done) return tl::unexpected<Error>(std::move(done).error());
  return kube::ApplyAnswer{done->dump()};
}

// Of what it sends, an update owns the defaults too; an apply does not.
Result<Json> SimApiServer::create_as(const std::string& actor, Json object) {
  Owners owners;
  apply_defaults(object, "");
  note_update(owners, actor, Json::object(), owned_part(object));
  return insert(actor, std::move(object), std::move(owners));
}

Result<> SimApiServer::edit_part(const std::string& actor, const ObjectRef& ref, const Edit& edit,
                                 bool status) {
  Stored* live = stored(ref);
  if (live == nullptr) return not_found(ref);
  Json next = *live->object;
  edit(next);
  apply_defaults(next, "");
  Owners owners = live->owners;
  const auto part = [&](const Json& object) {
    return status ? Json{{"status", object.value("status", Json::object())}} : owned_part(object);
  };
  note_update(owners, status ? actor + "/status" : actor, part(*live->object), part(next));
  Result<Json> done = replace(actor, *live, {std::move(next), std::move(owners)});
  if (!done) return tl::unexpected<Error>(std::move(done).error());
  return {};
}

Result<> SimApiServer::edit_as(const std::string& actor, const ObjectRef& ref, const Edit& edit) {
  return edit_part(actor, ref, edit, false);
}

Result<> SimApiServer::edit_status_as(const std::string& actor, const ObjectRef& ref,
                                      const Edit& edit) {
  return edit_part(actor, ref, edit, true);
}

Result<> SimApiServer::remove_as(const std::string& actor, const ObjectRef& ref,
                                 kube::Propagation propagation) {
  return erase(actor, ref, propagation);
}

}  // namespace slipway::sim

// What the executor does where the cache may be behind: is a child still wanted, has somebody else
// written it, whose is the object in our way. The only reads that it ever sends are here.
#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "controller/runtime/executor_pass.hpp"
#include "controller/runtime/ownership.hpp"
#include "reconcilers/common/conditions.hpp"
#include "reconcilers/common/names.hpp"

namespace slipway {
namespace {

bool says(const std::vector<Condition>& conditions, std::string_view type,
          std::string_view status) {
  const Condition* found = find_condition(conditions, type);
  return found && found->status == status;
}

// Everything that the service asks for was there when its status was written.
bool was_complete(const InferenceService& service) {
  return service.status.observed_generation == service.metadata.generation &&
         says(service.status.conditions, "Ready", "True") &&
         says(service.status.conditions, "Reconciling", "False");
}

}  // namespace

// A child of a service that was complete has vanished. Its owner may be gone, and the garbage
// collector's deletions may reach us before the owner's own does: made anew, it would have nobody.
Result<bool> Executor::still_wanted(Pass& pass) {
  if (!pass.owner) return true;
  const auto known = cache_.inference_service(pass.key.namespace_, pass.key.name);
  if (pass.owner_gone || !known || known->metadata.uid != pass.owner->metadata.uid) return false;
  if (!was_complete(*pass.owner)) return true;
  const kube::Resource& resource = target_of(Watched::InferenceService).resource;
  const auto found = api_.get({resource, pass.key.namespace_, pass.key.name});
  if (!found && found.error().fault != Fault::NotFound) return tl::unexpected(found.error());
  const auto live = found ? Cache::read(Watched::InferenceService, found->body)
                          : Result<Live>(tl::unexpected(found.error()));
  pass.owner_gone = !live || live->metadata->uid != pass.owner->metadata.uid ||
                    live->metadata->deletion_timestamp;
  return !pass.owner_gone;
}

std::string Executor::held_version(const ObjectRef& ref) const {
  const auto live = cache_.find(ref);
  return live ? live->metadata->resource_version : "";
}

void Executor::doubt(const Key& key, const ObjectRef& ref, const Action& action) {
  if (std::holds_alternative<Announce>(action)) return;
  const Doubt doubt{action, held_version(ref)};
  doubts_.with([&](auto& all) { all[key].insert_or_assign(ref, doubt); });
}

// Every write insists on the version that was held: once another one is, it shows what became of
// it.
Outcome Executor::clear_doubts(const Key& key) {
  Outcome outcome;
  Doubts doubts = doubts_.with([&](auto& all) {
    const auto node = all.extract(key);
    return node ? std::move(node.mapped()) : Doubts{};
  });
  while (!doubts.empty() && !outcome.failure) {
    const auto& [ref, doubt] = *doubts.begin();
    const Result<> known =
        held_version(ref) != doubt.version ? Result<>() : read_again(ref, outcome.affected);
    if (known)
      doubts.erase(doubts.begin());
    else
      outcome.failure = {doubt.action, ref, known.error()};
  }
  if (!doubts.empty()) doubts_.with([&](auto& all) { all[key] = std::move(doubts); });
  return outcome;
}

Result<> Executor::read_again(const ObjectRef& ref, std::vector<Key>& affected) {
  const auto kind = watched_kind(ref.api_version, ref.kind);
  if (!kind) return {};
  const auto found = api_.get({target_of(*kind).resource, ref.namespace_, ref.name});
  if (found) return learn(*kind, found->body, affected), Result<>();
  if (found.error().fault != Fault::NotFound) return tl::unexpected(found.error());
  // The event of its end is on the way.
  if (const auto live = cache_.find(ref)) cache_.learn_deletion(ref, live->metadata->uid);
  return {};
}

// The view that the decision was made on may be old, a new leader's most of all; and nothing brings
// back the pods that answer. So the Service is read before a Deployment goes.
Result<> Executor::check_unused(const Live& live, Pass& pass) {
  const std::string& ns = live.metadata->namespace_;
  const std::string name = bounded_name(pass.key.name);
  SLIPWAY_TRY(read_again({"v1", "Service", ns, name}, pass.outcome.affected));
  const auto revision = live.metadata->labels.find(kRevisionLabel);
  if (revision == live.metadata->labels.end()) return {};
  for (const auto& service : cache_.services_of(ns, name)) {
    const auto selected = service->spec.selector.find(kRevisionLabel);
    if (service->metadata.name == name && selected != service->spec.selector.end() &&
        selected->second == revision->second)
      return fail(Fault::Overtaken, "the Service \"" + name + "\" selects it by now");
  }
  return {};
}

// Either we are no longer the leader, or the Lease was deleted and began to count anew: only the
// Lease can tell.
Result<> Executor::check_epoch(const ObjectRef& ref, const Live& live) {
  const auto written = live.metadata->annotations.find(kEpochAnnotation);
  if (written == live.metadata->annotations.end()) return {};
  std::int64_t epoch = 0;
  const std::string& text = written->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (error != std::errc{} || end != text.data() + text.size()) return {};  // a user's own joke
  if (epoch <= leadership_.epoch() || leadership_.epoch() == 0) return {};
  leadership_.outgrow(epoch);
  return fail(Fault::Unavailable, "the leader of epoch " + text + " has written " + ref.kind +
                                      " \"" + ref.name + "\"; ours is " +
                                      std::to_string(leadership_.epoch()));
}

Result<kube::ApplyAnswer> Executor::settle(kube::ApplyRequest request, Error refused) {
  if (refused.fault != Fault::Conflict && refused.fault != Fault::Invalid &&
      refused.fault != Fault::AlreadyExists) {
    return tl::unexpected(std::move(refused));
  }
  const auto found = api_.get({request.resource, request.ns, request.name});
  if (!found && found.error().fault == Fault::NotFound && refused.fault == Fault::Conflict)
    refused.fault = Fault::Overtaken;  // it has gone by now
  if (!found) return tl::unexpected(std::move(refused));
  const auto kind = watched_kind(request.resource.api_version(), request.resource.kind);
  const auto live = Cache::read(*kind, found->body);
  if (!live) return tl::unexpected(std::move(refused));
  switch (ownership(*live->metadata, request.object)) {
    case Ownership::Foreign:
      return fail(Fault::Conflict, namesake_complaint(*live->metadata, request.object));
    case Ownership::Predecessor:
      return fail(Fault::Unavailable, std::move(refused.what));
    case Ownership::Ours:
      break;
  }
  if (refused.fault == Fault::Invalid) return tl::unexpected(std::move(refused));
  request.force = true;
  request.object["metadata"]["uid"] = live->metadata->uid;
  request.object["metadata"]["resourceVersion"] = live->metadata->resource_version;
  auto taken_back = api_.apply(request);
  // Somebody has written it since it was read, ourselves perhaps: no question of whose it is.
  if (!taken_back && taken_back.error().fault == Fault::Conflict)
    taken_back.error().fault = Fault::Overtaken;
  return taken_back;
}

}  // namespace slipway

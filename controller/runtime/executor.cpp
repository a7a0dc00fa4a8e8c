#include "controller/runtime/executor.hpp"

#include <algorithm>
#include <utility>

#include "controller/runtime/executor_pass.hpp"
#include "controller/runtime/ownership.hpp"

namespace slipway {
namespace {

// So often a drift is repaired at once; whoever undoes us more often gets waited for, longer and
// longer, so that two writers cannot keep the API server busy.
constexpr int kFreeRepairs = 3;
constexpr Duration kLongestTruce = std::chrono::minutes(5);
// After so long without a repair it is a new quarrel.
constexpr Duration kQuarrelForgotten = std::chrono::minutes(10);

Duration truce(int repeats) {
  if (repeats < kFreeRepairs) return {};
  const int doublings = std::min(repeats - kFreeRepairs, 16);
  return std::min<Duration>(std::chrono::seconds(1) * (1 << doublings), kLongestTruce);
}

bool is_lasting(Fault fault) {
  return fault == Fault::Conflict || fault == Fault::Invalid || fault == Fault::Forbidden ||
         fault == Fault::AlreadyExists;
}

// Whether the object may be another one than the cache holds.
bool leaves_doubt(Fault fault) {
  return fault == Fault::Unavailable || fault == Fault::Malformed || fault == Fault::Overtaken;
}

Error overtaken(Error refused) {
  refused.fault = Fault::Overtaken;
  return refused;
}

const ObjectRef& ref_of(const Delete& removal) {
  return removal.ref;
}
const ObjectRef& ref_of(const SetStatus& status) {
  return status.ref;
}
const ObjectRef& ref_of(const Announce& news) {
  return news.about;
}
ObjectRef ref_of(const Apply& apply) {
  return slipway::ref_of(apply.object);
}

std::optional<int> replicas_of(const Json& object) {
  const Json::json_pointer at("/spec/replicas");
  if (!object.contains(at)) return std::nullopt;
  return object[at].get<int>();
}

bool replicas_differ(const Json& desired, const Live& live) {
  const auto wanted = replicas_of(desired);
  return wanted && wanted != live.replicas;
}

// A version that no object has: etcd begins at 2. Applied with it, an object is made where there is
// none, and where there is one, which the cache does not show, that stays as it is (409).
constexpr const char* kNoVersion = "1";

// What is sent of `apply`: what the plan says, from which version it was decided, and who sends it.
// The version alone is no precondition once the object is gone: it would be made anew. The uid is.
Json outgoing(const Apply& apply, const std::optional<Live>& live, std::int64_t epoch) {
  Json object = apply.object;
  if (live) object["metadata"]["uid"] = live->metadata->uid;
  object["metadata"]["resourceVersion"] = live ? live->metadata->resource_version : kNoVersion;
  // The count's manager owns nothing but the count.
  if (epoch > 0 && apply.manager != kScaleManager)
    object["metadata"]["annotations"][kEpochAnnotation] = std::to_string(epoch);
  return object;
}

Result<Watched> kind_of(const ObjectRef& ref) {
  if (const auto kind = watched_kind(ref.api_version, ref.kind)) return *kind;
  return fail(Fault::Invalid, "kind " + ref.kind + " is rendered but not watched");
}

}  // namespace

Executor::Pass::Need Executor::Pass::need(const Apply& apply, const ObjectRef& ref,
                                          const std::optional<Live>& live) const {
  const auto memory = memories.find(ref);
  if (!live) {
    // Somebody, perhaps the garbage collector of an owner whose end we have not heard of yet,
    // deletes it as often as we make it.
    const bool is_truce = memory != memories.end() &&
                          now.monotonic < memory->second.sent + truce(memory->second.repeats);
    return is_truce ? Need::Wait : Need::Send;
  }
  // Its deletion is an event, and then it is made anew.
  if (live->metadata->deletion_timestamp) return Need::Nothing;
  if (apply.manager == kScaleManager) return need_scale(apply, ref, live);
  const Shape* shape = shape_of(ref.kind);
  const Projection desired = shape ? project(*shape, apply.object) : Projection{};
  const bool same_replicas = !replicas_differ(apply.object, *live);
  if (shape && desired == live->projection && same_replicas) return Need::Nothing;

  if (memory == memories.end() || memory->second.desired != desired) return Need::Send;
  if (memory->second.answered == live->projection && same_replicas) return Need::Nothing;
  const bool is_truce = now.monotonic < memory->second.sent + truce(memory->second.repeats);
  return is_truce ? Need::Wait : Need::Send;
}

// The count is taken over whenever the main manager is about to write: it may be letting go of it.
Executor::Pass::Need Executor::Pass::need_scale(const Apply& apply, const ObjectRef& ref,
                                                const std::optional<Live>& live) const {
  if (replicas_differ(apply.object, *live)) return Need::Send;
  for (const Action& action : plan.actions) {
    const auto* main = std::get_if<Apply>(&action);
    if (main && main->manager != kScaleManager && slipway::ref_of(main->object) == ref) {
      return need(*main, ref, live);
    }
  }
  return Need::Nothing;
}

Outcome Executor::execute(const Key& key, const Plan& plan, Moment now,
                          const std::stop_token& stop) {
  // Taken out, because the key is ours alone while we work on it.
  Memories memories = memories_.with([&](auto& all) {
    const auto node = all.extract(key);
    return node ? std::move(node.mapped()) : Memories{};
  });
  Outcome outcome;
  const auto owner = key.kind == ReconcileKind::InferenceService
                         ? cache_.inference_service(key.namespace_, key.name)
                         : nullptr;
  Pass pass{key, owner, plan, now, memories, outcome};
  for (const Action& action : plan.actions) {
    Result<> done = stop.stop_requested()
                        ? Result<>(fail(Fault::Unavailable, "the controller is stopping"))
                        : std::visit([&](const auto& one) { return run(one, pass); }, action);
    if (done) continue;
    const bool lasting = std::holds_alternative<Apply>(action) && is_lasting(done.error().fault);
    const ObjectRef ref =
        std::visit([](const auto& one) { return ObjectRef(ref_of(one)); }, action);
    if (leaves_doubt(done.error().fault)) doubt(key, ref, action);
    outcome.failure = {action, ref, std::move(done.error()), lasting};
    break;
  }
  // What was deleted is remembered for as long as the plan still asks for it.
  std::erase_if(memories, [&](const auto& memory) {
    return !memory.second.deleted_uid.empty() &&
           std::ranges::none_of(plan.actions, [&](const Action& action) {
             const auto* removal = std::get_if<Delete>(&action);
             return removal && removal->ref == memory.first;
           });
  });
  if (!memories.empty()) {
    memories_.with([&](auto& all) { all[key] = std::move(memories); });
  }
  return outcome;
}

void Executor::forget(const Key& key) {
  memories_.with([&](auto& all) { all.erase(key); });
  doubts_.with([&](auto& all) { all.erase(key); });
}

Result<> Executor::run(const Apply& apply, Pass& pass) {
  const ObjectRef ref = slipway::ref_of(apply.object);
  SLIPWAY_TRY(kind_of(ref));
  const auto live = cache_.find(ref);
  // An apply of the count alone cannot make the object.
  if (!live && apply.manager == kScaleManager) return {};
  switch (pass.need(apply, ref, live)) {
    case Pass::Need::Nothing:
      return {};
    case Pass::Need::Send: {
      const Result<bool> wanted = live ? true : still_wanted(pass);
      if (!wanted) return tl::unexpected(wanted.error());
      return *wanted ? send(apply, live, pass) : Result<>();
    }
    case Pass::Need::Wait:
      break;
  }
  const Memory& memory = pass.memories[ref];
  const Duration left = memory.sent + truce(memory.repeats) - pass.now.monotonic;
  pass.outcome.revisit = std::min(pass.outcome.revisit.value_or(left), left);
  return {};
}

Result<> Executor::send(const Apply& apply, const std::optional<Live>& live, Pass& pass) {
  const ObjectRef ref = slipway::ref_of(apply.object);
  const Watched kind = *kind_of(ref);
  if (live) SLIPWAY_TRY(check_epoch(ref, *live));
  kube::ApplyRequest request{target_of(kind).resource,
                             ref.namespace_,
                             ref.name,
                             outgoing(apply, live, leadership_.epoch()),
                             apply.manager,
                             live.has_value()};
  if (live && apply.manager != kScaleManager) {
    const Ownership owner = ownership(*live->metadata, apply.object);
    if (owner == Ownership::Foreign) {
      return fail(Fault::Conflict, namesake_complaint(*live->metadata, apply.object));
    }
    if (owner == Ownership::Predecessor) {
      return fail(Fault::Unavailable, "the " + ref.kind + " \"" + ref.name +
                                          "\" of the deleted namesake is still there");
    }
  }
  auto answer = api_.apply(request);
  if (!answer && !live) answer = settle(std::move(request), std::move(answer.error()));
  if (!answer && live && answer.error().fault == Fault::Conflict)
    return tl::unexpected(overtaken(std::move(answer.error())));
  if (!answer) return tl::unexpected(std::move(answer.error()));
  pass.outcome.sent.push_back(describe(Action(apply)));
  learn(kind, answer->body, pass.outcome.affected);
  if (apply.manager == kScaleManager) return {};

  Memory& memory = pass.memories[ref];
  const Projection desired =
      shape_of(ref.kind) ? project(*shape_of(ref.kind), apply.object) : Projection{};
  const bool again =
      memory.desired == desired && pass.now.monotonic - memory.sent < kQuarrelForgotten;
  memory.repeats = again ? memory.repeats + 1 : 0;
  memory.desired = desired;
  memory.sent = pass.now.monotonic;
  // Of the answer, not of the cache: that may hold what somebody else has written since.
  const auto stored = Cache::read(kind, answer->body);
  memory.answered = stored ? stored->projection : desired;
  return {};
}

bool Executor::still_there(const Delete& removal) const {
  const auto live = cache_.find(removal.ref);
  return live && live->metadata->uid == removal.uid;
}

Result<> Executor::run(const Delete& removal, Pass& pass) {
  const auto kind = kind_of(removal.ref);
  if (!kind) return tl::unexpected(kind.error());
  Memory& memory = pass.memories[removal.ref];
  if (memory.deleted_uid == removal.uid) return {};  // its event is on the way
  const auto live = cache_.find(removal.ref);
  if (live && live->metadata->uid == removal.uid && live->metadata->deletion_timestamp) return {};
  kube::RemoveRequest request{target_of(*kind).resource, removal.ref.namespace_, removal.ref.name,
                              removal.uid};
  if (live && live->metadata->uid == removal.uid) {
    SLIPWAY_TRY(check_epoch(removal.ref, *live));
    if (removal.ref.kind == "Deployment") SLIPWAY_TRY(check_unused(*live, pass));
    request.resource_version = live->metadata->resource_version;
  }
  auto done = api_.remove(request);
  // Gone, or its name belongs to another object by now: either way this one is no more. A conflict
  // about an object that is still there says nothing of the kind.
  const bool ended = !done && (done.error().fault == Fault::NotFound ||
                               (done.error().fault == Fault::Conflict && !still_there(removal)));
  if (!done && !ended && live && done.error().fault == Fault::Conflict)
    return tl::unexpected(overtaken(std::move(done.error())));
  if (!done && !ended) return done;
  memory = {};
  memory.deleted_uid = removal.uid;
  if (!done) return {};
  cache_.learn_deletion(removal.ref, removal.uid);
  pass.outcome.sent.push_back(describe(Action(removal)));
  return {};
}

Result<> Executor::run(const SetStatus& status, Pass& pass) {
  const auto kind = kind_of(status.ref);
  if (!kind) return tl::unexpected(kind.error());
  const auto live = cache_.find(status.ref);
  // Decided about an object that is no more; the event of its successor brings the key again.
  if (!live || live->metadata->uid != status.uid) return {};
  // The version makes the server refuse news about an older spec or for a namesake. (It ignores a
  // wrong uid here: what is not status is reset before it is compared.)
  Json object{{"apiVersion", status.ref.api_version},
              {"kind", status.ref.kind},
              {"metadata",
               {{"name", status.ref.name},
                {"namespace", status.ref.namespace_},
                {"resourceVersion", live->metadata->resource_version}}},
              {"status", status.status}};
  const auto answer = api_.apply_status({target_of(*kind).resource, status.ref.namespace_,
                                         status.ref.name, std::move(object), kFieldManager, true});
  if (!answer) {
    if (answer.error().fault == Fault::NotFound) return {};
    if (answer.error().fault == Fault::Conflict) return tl::unexpected(overtaken(answer.error()));
    return tl::unexpected(answer.error());
  }
  pass.outcome.sent.push_back(describe(Action(status)));
  learn(*kind, answer->body, pass.outcome.affected);
  return {};
}

Result<> Executor::run(const Announce& news, Pass& pass) {
  if (announcer_.announce(news, pass.now)) {
    pass.outcome.sent.push_back(describe(Action(news)));
  }
  return {};
}

// An answer that cannot be read is no failure: the write was taken, and its event will come.
void Executor::learn(Watched kind, const std::string& body, std::vector<Key>& affected) {
  const Ingested learned = cache_.learn(kind, body);
  affected.insert(affected.end(), learned.keys.begin(), learned.keys.end());
}

}  // namespace slipway

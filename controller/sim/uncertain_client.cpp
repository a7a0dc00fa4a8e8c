#include "controller/sim/uncertain_client.hpp"

#include <fmt/format.h>

#include <utility>

#include "reconcilers/common/names.hpp"

namespace slipway::sim {
namespace {

using std::chrono::seconds;

std::string line(const char* verb, const kube::Resource& resource, const std::string& ns,
                 const std::string& name) {
  return fmt::format("{} {} {}/{}", verb, resource.kind, ns, name);
}

std::string version_of(const Json& object) {
  const Json* version = find_at(object, {"metadata", "resourceVersion"});
  return version == nullptr ? std::string() : version->get<std::string>();
}

tl::unexpected<Error> no_answer() {
  return fail(Fault::Unavailable, "connection reset by peer");
}

}  // namespace

bool UncertainClient::dies_now(bool after) {
  if (faults_.crash_at) return *faults_.crash_at == writes_ && faults_.crash_after == after;
  return random_.chance(faults_.crash / 2);
}

std::optional<Error> UncertainClient::refusal() {
  if (!random_.chance(faults_.write)) return std::nullopt;
  switch (random_.below(4)) {
    case 0:
      return Error{Fault::Throttled, "429 TooManyRequests: try again",
                   seconds(1 + random_.below(7))};
    case 1:
      return Error{Fault::Conflict, "409 Conflict: the object has been modified", std::nullopt};
    case 2:
      return Error{Fault::Unavailable, "500 InternalError: etcdserver: request timed out",
                   std::nullopt};
    default:
      return Error{Fault::Unavailable, "504 Timeout: request did not complete", std::nullopt};
  }
}

void UncertainClient::others_act() {
  if (random_.chance(faults_.meanwhile)) way_.meanwhile();
}

bool UncertainClient::may_leave(const std::string& what) {
  if (!dead_) way_.hold_up();
  if (dead_) return false;
  if (faults_.mutant == Mutant::AsksNoPermit || way_.permitted()) return true;
  voice_.add("write", what + " -> not sent, for want of a permit");
  return false;
}

template <class Answer>
Answer UncertainClient::send(const std::string& what, std::string version,
                             std::function<Answer()> call) {
  if (!may_leave(what)) return no_answer();
  ++writes_;
  const Sent sent = way_.sent(std::move(version));
  if (dies_now(false)) {
    voice_.add("CRASH", "before " + what);
    dead_ = true;
    const bool late = !faults_.crash_at && random_.chance(0.3) &&
                      way_.land_later(sent, [call = std::move(call)] { (void)call(); });
    if (late) voice_.add("write", what + " is still under way");
    return no_answer();
  }
  others_act();
  if (dead_) return no_answer();
  if (!way_.reaches_server() || way_.expired(sent)) {
    voice_.add("write", what + " -> never arrives");
    return no_answer();
  }
  if (std::optional<Error> refused = refusal()) {
    voice_.add("write", what + " -> " + refused->what);
    return tl::unexpected<Error>(*std::move(refused));
  }
  return arrive(what, sent, call);
}

template <class Answer>
Answer UncertainClient::arrive(const std::string& what, const Sent& sent,
                               const std::function<Answer()>& call) {
  const std::uint64_t before = server_.version();
  Answer answer = no_answer();
  way_.land(sent, [&] { answer = call(); });
  if (voice_.on())
    voice_.add("write",
               what + (answer ? (server_.version() == before ? " -> unchanged" : " -> done")
                              : " -> " + answer.error().what));
  if (dies_now(true)) {
    voice_.add("CRASH", "after " + what);
    dead_ = true;
    return no_answer();
  }
  if (random_.chance(faults_.write)) {
    voice_.add("write", "the answer is lost");
    return no_answer();
  }
  others_act();
  return answer;
}

Result<kube::ApplyAnswer> UncertainClient::get(const kube::GetRequest& request) {
  if (dead_ || !way_.reaches_server() || random_.chance(faults_.write)) return no_answer();
  voice_.add("read", line("get", request.resource, request.ns, request.name));
  return server_.get(request);
}

Result<kube::ApplyAnswer> UncertainClient::apply(const kube::ApplyRequest& request) {
  Result<kube::ApplyAnswer> answer = send<Result<kube::ApplyAnswer>>(
      line("apply", request.resource, request.ns, request.name), version_of(request.object),
      [this, request] { return server_.apply(request); });
  if (answer && faults_.mutant == Mutant::DropsOldFirst) drop_others(request);
  return answer;
}

Result<kube::ApplyAnswer> UncertainClient::apply_status(const kube::ApplyRequest& request) {
  kube::ApplyRequest sent = request;
  falsify(sent);
  return send<Result<kube::ApplyAnswer>>(
      line("apply status of", request.resource, request.ns, request.name), version_of(sent.object),
      [this, sent] { return server_.apply_status(sent); });
}

Result<kube::ApplyAnswer> UncertainClient::create(const kube::CreateRequest& request) {
  const std::string name = request.object.at("metadata").value("name", "");
  return send<Result<kube::ApplyAnswer>>(line("create", request.resource, request.ns, name), "",
                                         [this, request] { return server_.create(request); });
}

Result<> UncertainClient::remove(const kube::RemoveRequest& request) {
  const kube::RemoveRequest sent = as_sent(request);
  if (!dead_) way_.removes(request);
  Result<> done =
      send<Result<>>(line("delete", request.resource, request.ns, request.name),
                     sent.resource_version, [this, sent] { return server_.remove(sent); });
  if (!dead_ && done) way_.removed(request);
  return done;
}

Result<kube::ApplyAnswer> UncertainClient::patch_finalizers(const kube::FinalizersPatch& request) {
  return send<Result<kube::ApplyAnswer>>(
      line("patch finalizers of", request.resource, request.ns, request.name),
      request.resource_version, [this, request] { return server_.patch_finalizers(request); });
}

kube::RemoveRequest UncertainClient::as_sent(const kube::RemoveRequest& request) const {
  kube::RemoveRequest sent = request;
  if (faults_.mutant == Mutant::IgnoresUid) {
    sent.uid.clear();
    sent.resource_version.clear();
  }
  return sent;
}

void UncertainClient::falsify(kube::ApplyRequest& request) const {
  Json& status = request.object["status"];
  if (faults_.mutant == Mutant::StatusRunsAhead && status.contains("observedGeneration"))
    status["observedGeneration"] = status["observedGeneration"].get<int>() + 1;
  if (faults_.mutant != Mutant::AlwaysReady || !status.contains("conditions")) return;
  for (Json& condition : status["conditions"]) {
    if (condition["type"] == "Ready") condition["status"] = "True";
  }
}

void UncertainClient::drop_others(const kube::ApplyRequest& applied) {
  if (applied.resource.kind != "Deployment") return;
  const Json* label = find_at(applied.object, {"metadata", "labels", kServiceLabel});
  for (const Json* other : server_.list("apps/v1", "Deployment")) {
    const Json* theirs = find_at(*other, {"metadata", "labels", kServiceLabel});
    const ObjectRef ref = ref_of(*other);
    if (label == nullptr || theirs == nullptr || *label != *theirs || ref.name == applied.name ||
        ref.namespace_ != applied.ns)
      continue;
    const std::string uid = other->at("metadata").at("uid").get<std::string>();
    way_.land(way_.sent(""),
              [&] { (void)server_.remove({applied.resource, ref.namespace_, ref.name, uid}); });
  }
}

}  // namespace slipway::sim

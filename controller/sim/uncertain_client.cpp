#include "controller/sim/uncertain_client.hpp"

#include <fmt/format.h>

#include "reconcilers/common/names.hpp"

namespace slipway::sim {
namespace {

using std::chrono::seconds;

std::string line(const char* verb, const kube::Resource& resource, const std::string& ns,
                 const std::string& name) {
  return fmt::format("{} {} {}/{}", verb, resource.kind, ns, name);
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
  if (meanwhile_ && random_.chance(faults_.meanwhile)) meanwhile_();
}

template <class Answer>
Answer UncertainClient::send(const std::string& what, const std::function<Answer()>& call) {
  if (dead_) return no_answer();
  ++writes_;
  if (dies_now(false)) {
    trace_.add("CRASH", "before " + what);
    dead_ = true;
    return no_answer();
  }
  others_act();
  if (dead_) return no_answer();
  if (std::optional<Error> refused = refusal()) {
    trace_.add("write", what + " -> " + refused->what);
    return tl::unexpected<Error>(*std::move(refused));
  }
  const std::uint64_t before = server_.version();
  Answer answer = call();
  trace_.add("write", what + (answer ? (server_.version() == before ? " -> unchanged" : " -> done")
                                     : " -> " + answer.error().what));
  if (dies_now(true)) {
    trace_.add("CRASH", "after " + what);
    dead_ = true;
    return no_answer();
  }
  if (random_.chance(faults_.write)) {
    trace_.add("write", "the answer is lost");
    return no_answer();
  }
  others_act();
  return answer;
}

Result<kube::ApplyAnswer> UncertainClient::get(const kube::GetRequest& request) {
  if (dead_ || random_.chance(faults_.write)) return no_answer();
  trace_.add("read", line("get", request.resource, request.ns, request.name));
  return server_.get(request);
}

Result<kube::ApplyAnswer> UncertainClient::apply(const kube::ApplyRequest& request) {
  Result<kube::ApplyAnswer> answer =
      send<Result<kube::ApplyAnswer>>(line("apply", request.resource, request.ns, request.name),
                                      [&] { return server_.apply(request); });
  if (answer && faults_.mutant == Mutant::DropsOldFirst) drop_others(request);
  return answer;
}

Result<kube::ApplyAnswer> UncertainClient::apply_status(const kube::ApplyRequest& request) {
  kube::ApplyRequest sent = request;
  falsify(sent);
  return send<Result<kube::ApplyAnswer>>(
      line("apply status of", request.resource, request.ns, request.name),
      [&] { return server_.apply_status(sent); });
}

Result<kube::ApplyAnswer> UncertainClient::create(const kube::CreateRequest& request) {
  const std::string name = request.object.at("metadata").value("name", "");
  return send<Result<kube::ApplyAnswer>>(line("create", request.resource, request.ns, name),
                                         [&] { return server_.create(request); });
}

Result<> UncertainClient::remove(const kube::RemoveRequest& request) {
  kube::RemoveRequest sent = request;
  if (faults_.mutant == Mutant::IgnoresUid) {
    sent.uid.clear();
    sent.resource_version.clear();
  }
  if (!dead_ && on_remove_) on_remove_(request);
  Result<> done = send<Result<>>(line("delete", request.resource, request.ns, request.name),
                                 [&] { return server_.remove(sent); });
  if (!dead_ && done && on_removed_) on_removed_(request);
  return done;
}

Result<kube::ApplyAnswer> UncertainClient::patch_finalizers(const kube::FinalizersPatch& request) {
  return send<Result<kube::ApplyAnswer>>(
      line("patch finalizers of", request.resource, request.ns, request.name),
      [&] { return server_.patch_finalizers(request); });
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
    (void)server_.remove({applied.resource, ref.namespace_, ref.name, uid});
  }
}

}  // namespace slipway::sim

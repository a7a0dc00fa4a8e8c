#include "reconcilers/inference_service/status.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconcilers/common/conditions.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/common/owners.hpp"
#include "reconcilers/common/text.hpp"
#include "reconcilers/inference_service/render.hpp"

namespace slipway::inference_service {
namespace {

// Everything that the parts of the status are made from.
struct Facts {
  const Observed& seen;
  const Course& course;
  std::optional<Problem> problem;
  Progress served;  // of the revision that serves
  Progress wanted;  // of the revision that is asked for
  int desired = 0;  // replicas of the serving revision
  bool answering = false;
  std::string served_version;

  const InferenceService& owner() const { return *seen.owner; }
};

std::optional<Problem> find_problem(const Observed& seen, const Course& course) {
  std::optional<Problem> problem;
  if (course.unresolved)
    problem = Problem{course.unresolved->reason, course.unresolved->message};
  else if (seen.refusal)
    problem = problem_of(*seen.refusal);
  else if (course.wanted)
    problem = diagnose(seen, *course.wanted);
  // Others wrote the message, or did not; a summary is never blank.
  if (problem && problem->message.empty()) problem->message = problem->reason;
  return problem;
}

std::string version_of(const Observed& seen, const Course& course) {
  if (course.wanted && course.serve == course.wanted->hash) return course.wanted->model_name;
  const auto* live = course.serve.empty() ? nullptr : deployment_of(seen, course.serve);
  if (!live) return "";
  // Anybody may have written into it; what is no name could not be written into the status.
  constexpr std::size_t kMaxName = 253;
  const auto at = live->metadata.annotations.find(kModelAnnotation);
  return at == live->metadata.annotations.end() || at->second.size() > kMaxName ? "" : at->second;
}

Facts gather(const Observed& seen, const Course& course) {
  Facts facts{seen, course, find_problem(seen, course), {}, {}, 0, false, ""};
  const ReplicaBounds bounds = replica_bounds(seen.owner->spec);
  facts.desired = bounds.min;
  if (course.wanted) facts.wanted = progress_of(seen, course.wanted->hash);
  if (!course.serve.empty()) {
    facts.served = progress_of(seen, course.serve);
    // Between the bounds the autoscaler decides; without one, the Deployment may not have been
    // told yet, and what is asked for counts.
    if (const auto* live = deployment_of(seen, course.serve); live && bounds.autoscaled())
      facts.desired = bounds.clamped(live->spec.replicas.value_or(1));
  }
  // A ready pod answers only through the Service. Where there is one, the same plan has made it
  // select `serve` before this status is written, unless the API server refuses to be written to.
  const std::string& reached = seen.refusal ? course.selected : course.serve;
  facts.answering = !course.selected.empty() && progress_of(seen, reached).ready > 0;
  facts.served_version = version_of(seen, course);
  return facts;
}

const char* stage_name(Progress::Stage stage) {
  switch (stage) {
    case Progress::Stage::Pending:
      return "Pending";
    case Progress::Stage::Downloading:
      return "Downloading";
    case Progress::Stage::Loading:
      return "Loading";
    case Progress::Stage::Ready:
      return "Stable";
  }
  return "Pending";
}

std::string state_of(const Facts& facts) {
  if (facts.problem) {
    const bool serving = facts.answering && !facts.course.replacing() && facts.course.wanted;
    return serving ? "Degraded" : "Blocked";
  }
  if (facts.course.replacing())
    return facts.wanted.stage >= Progress::Stage::Loading ? "Warming" : "Preparing";
  if (facts.served.ready > 0 && !facts.answering) return "Loading";
  return stage_name(facts.served.stage);
}

std::string summary_of(const Facts& facts) {
  const bool replacing = facts.course.replacing() || facts.course.unresolved;
  if (facts.problem) {
    std::string text = facts.problem->message;
    if (replacing && facts.answering)
      text += fmt::format("; {} still serves", facts.served_version);
    return clipped(text);
  }
  if (replacing)
    return fmt::format("{} of {} replicas of {} are ready; {} serves", facts.wanted.ready,
                       wanted_replicas(facts.seen, facts.course), facts.seen.model_name,
                       facts.served_version);
  if (facts.answering)
    return fmt::format("{} of {} replicas answer", facts.served.ready, facts.desired);
  switch (facts.served.stage) {
    case Progress::Stage::Pending:
      return "waiting for a pod to be placed and started";
    case Progress::Stage::Downloading:
      return "fetching and verifying the model";
    default:
      return "the engine loads the model";
  }
}

Condition condition(const Facts& facts, const char* type, bool holds, std::string reason,
                    const std::string& message) {
  return {type, holds ? "True" : "False",         std::move(reason), clipped(message),
          "",   facts.owner().metadata.generation};
}

std::vector<Condition> conditions_of(const Facts& facts, const InferenceServiceStatus& status,
                                     Time now) {
  const Course& course = facts.course;
  const bool old_serves = facts.answering && (course.replacing() || course.unresolved);
  const bool settling = !facts.problem && (course.replacing() ||
                                           facts.served.ready < facts.desired || !facts.answering);
  std::string why = facts.problem ? facts.problem->reason : status.state;
  std::vector<Condition> all = facts.owner().status.conditions;
  set_condition(all,
                condition(facts, "Ready", facts.answering,
                          old_serves        ? "PreviousRevisionServes"
                          : facts.answering ? "Answering"
                                            : why,
                          status.summary),
                now);
  set_condition(all,
                condition(facts, "Reconciling", settling, settling ? status.state : "Settled",
                          settling ? status.summary : ""),
                now);
  set_condition(all,
                condition(facts, "Stalled", facts.problem.has_value(),
                          facts.problem ? facts.problem->reason : "NoProblem",
                          facts.problem ? facts.problem->message : ""),
                now);
  if (!course.wanted || !update_available(facts.seen, *course.wanted))
    std::erase_if(all, [](const Condition& c) { return c.type == "UpdateAvailable"; });
  else
    set_condition(all,
                  condition(facts, "UpdateAvailable", true, "RuntimeChanged",
                            "the runtime or the operator changed since this revision was made; "
                            "it runs on what it was made with"),
                  now);
  return all;
}

GpuStatus gpu_status(const Facts& facts) {
  GpuStatus out;
  out.column = "-";
  if (!facts.course.wanted || !facts.course.wanted->pinned.gpu) return out;
  const gpu::Grant& grant = *facts.course.wanted->pinned.gpu;
  out.mechanism = grant.resource == "nvidia.com/gpu" ? "full" : "mig";
  out.resource = grant.resource;
  out.column = grant.column;
  out.count = grant.count;
  if (grant.granted_mib > 0) out.granted_mib = grant.granted_mib;
  if (!grant.shortfall.empty()) out.reasons.push_back(clipped(grant.shortfall));
  return out;
}

Resolved resolved_of(const Facts& facts) {
  const Revision& revision = *facts.course.wanted;
  const ReplicaBounds bounds = replica_bounds(facts.owner().spec);
  Resolved out;
  out.runtime = revision.pinned.runtime.name;
  out.runtime_kind = revision.pinned.runtime.kind;
  out.image = revision.pinned.runtime.spec.image;
  out.format = revision.format;
  out.device = revision.pinned.gpu ? "nvidia" : "cpu";
  if (revision.pinned.gpu) out.gpu_resource = revision.pinned.gpu->resource;
  out.replicas = ResolvedReplicas{bounds.min, bounds.max};
  return out;
}

}  // namespace

InferenceServiceStatus status_of(const Observed& seen, const Course& course, Time now) {
  const Facts facts = gather(seen, course);
  const ObjectMeta& metadata = seen.owner->metadata;
  const std::string name = bounded_name(metadata.name);
  InferenceServiceStatus status;
  status.observed_generation = metadata.generation;
  status.state = state_of(facts);
  status.step = "-";
  status.gates = "-";
  status.weight = course.serve.empty() ? "-" : course.replacing() ? "0" : "100";
  status.ready = fmt::format("{}/{}", facts.served.ready, facts.desired);
  status.summary = summary_of(facts);
  status.url = fmt::format("http://{}.{}.svc", name, metadata.namespace_);
  status.replicas = facts.served.pods;
  status.ready_replicas = facts.served.ready;
  status.selector = fmt::format("{}={}", kServiceLabel, name);
  std::string digest = course.wanted ? course.wanted->digest : "";
  if (digest.empty() && seen.model) digest = seen.model->status.digest;
  status.model = ServedModel{seen.model_name, digest, facts.served_version};
  // After a refused write the Service may not have been moved to where it was to go.
  const std::string& selected = seen.refusal ? course.stable : course.serve;
  status.revision = Revisions{selected, course.replacing() ? course.wanted->hash : ""};
  status.gpu = gpu_status(facts);
  if (course.wanted) status.resolved = resolved_of(facts);
  status.conditions = conditions_of(facts, status, now);
  return status;
}

std::vector<Announce> news(const InferenceService& owner, const InferenceServiceStatus& after) {
  const ObjectRef about{kApiVersion, InferenceService::kKind, owner.metadata.namespace_,
                        owner.metadata.name};
  std::vector<Announce> out;
  const auto tell = [&](bool warning, const std::string& reason, const std::string& message) {
    out.push_back({about, owner.metadata.uid, warning, reason, message});
  };
  const InferenceServiceStatus& before = owner.status;
  const Condition* was_stalled = find_condition(before.conditions, "Stalled");
  const Condition* stalled = find_condition(after.conditions, "Stalled");
  if (stalled->status == "True" && (!was_stalled || was_stalled->reason != stalled->reason))
    tell(true, stalled->reason, stalled->message);

  const bool replaced = before.revision && !before.revision->stable.empty() &&
                        !after.revision->stable.empty() &&
                        before.revision->stable != after.revision->stable;
  if (replaced)
    tell(false, "Replaced",
         fmt::format("traffic goes to {} now; before it went to {}", after.model->served_version,
                     before.model ? before.model->served_version : ""));
  const Condition* was_ready = find_condition(before.conditions, "Ready");
  const Condition* ready = find_condition(after.conditions, "Ready");
  if (ready->status == "True" && (!was_ready || was_ready->status != "True"))
    tell(false, "Ready", fmt::format("{} answers at {}", after.model->served_version, after.url));
  return out;
}

}  // namespace slipway::inference_service

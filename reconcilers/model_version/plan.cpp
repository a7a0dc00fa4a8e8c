#include "reconcilers/model_version/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crds/types/encode.hpp"
#include "crds/types/quantity.hpp"
#include "reconcilers/common/conditions.hpp"
#include "reconcilers/common/owners.hpp"
#include "reconcilers/common/text.hpp"

namespace slipway::model_version {
namespace {

// Bound of the schema's list.
constexpr std::size_t kMaxUsedBy = 256;

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : text;
}

struct Outcome {
  std::string phase;
  std::string reason;
  std::string message;
  const AgentReport* verified = nullptr;
};

const AgentReport* first(const Observed& seen, bool verified) {
  for (const Fetch& fetch : seen.fetches)
    if (fetch.report && (fetch.report->reason == "Verified") == verified) return &*fetch.report;
  return nullptr;
}

// A pod that got other bytes than those that were verified first. The digest in the status is that
// pin: it is written once and never moves, because the spec of a version cannot change.
const AgentReport* strayed(const Observed& seen) {
  const std::string& pinned = seen.owner->status.digest;
  for (const Fetch& fetch : seen.fetches)
    if (fetch.report && fetch.report->reason == "Verified" && !pinned.empty() &&
        fetch.report->digest != pinned)
      return &*fetch.report;
  return nullptr;
}

// What was verified once stays so: a later failure is the pod's, and its service tells it.
Outcome outcome_of(const Observed& seen) {
  const ModelVersionStatus& before = seen.owner->status;
  if (const AgentReport* report = strayed(seen))
    return {"Failed", "DigestMismatch",
            fmt::format("the source changed: a pod verified {}, but this version is pinned to {}",
                        report->digest, before.digest),
            nullptr};
  if (const AgentReport* report = first(seen, true))
    return {"Verified", "Verified", "every byte was verified", report};
  if (before.phase == "Verified" || !before.digest.empty())
    return {"Verified", "Verified", "every byte was verified", nullptr};
  if (const AgentReport* report = first(seen, false))
    return {"Failed", report->reason, clipped(report->message), nullptr};
  if (std::ranges::any_of(seen.fetches, &Fetch::running))
    return {"Resolving", "Fetching", "a pod fetches and verifies it", nullptr};
  if (seen.used_by.empty())
    return {"Pending", "NotUsed", "it is fetched and verified when a service uses it", nullptr};
  return {"Pending", "Waiting", "waiting for a pod to fetch it", nullptr};
}

void copy_facts(ModelVersionStatus& status, const AgentReport& report) {
  status.digest = report.digest;
  status.size_bytes = report.size_bytes;
  if (report.size_bytes) status.size = describe_bytes(*report.size_bytes);
  status.files = report.files;
  status.format = report.format;
  status.architecture = report.architecture;
  status.parameters = report.parameters;
  status.context_length = report.context_length;
}

ModelVersionStatus status_of(const Observed& seen, Time now) {
  const ModelVersion& owner = *seen.owner;
  const Outcome outcome = outcome_of(seen);
  ModelVersionStatus status = owner.status;
  status.observed_generation = owner.metadata.generation;
  status.phase = outcome.phase;
  status.summary = outcome.message;
  status.model = or_dash(owner.spec.model.empty() ? owner.metadata.name : owner.spec.model);
  status.version = or_dash(owner.spec.version);
  status.stage = or_dash(owner.spec.stage);
  status.size = or_dash(status.size);
  if (status.format.empty()) status.format = or_dash(owner.spec.format);
  if (outcome.verified) copy_facts(status, *outcome.verified);
  status.used_by = seen.used_by;
  if (status.used_by.size() > kMaxUsedBy) status.used_by.resize(kMaxUsedBy);
  const auto set = [&](const char* type, bool holds) {
    set_condition(status.conditions,
                  {type, holds ? "True" : "False", outcome.reason, outcome.message, "",
                   owner.metadata.generation},
                  now);
  };
  set("Ready", outcome.phase == "Verified");
  set("Reconciling", outcome.phase == "Resolving");
  set("Stalled", outcome.phase == "Failed");
  return status;
}

}  // namespace

Plan plan(const Observed& seen, Time now) {
  Plan plan;
  if (!seen.owner || seen.owner->metadata.deletion_timestamp) return plan;
  const ObjectMeta& metadata = seen.owner->metadata;
  const ObjectRef ref{kApiVersion, ModelVersion::kKind, metadata.namespace_, metadata.name};
  const ModelVersionStatus status = status_of(seen, now);
  if (status == seen.owner->status) return plan;
  plan.actions.push_back(SetStatus{ref, metadata.uid, encode(status)});
  // Once a cause: the words may differ from retry to retry.
  const Condition* before = find_condition(seen.owner->status.conditions, "Stalled");
  const std::string& reason = find_condition(status.conditions, "Stalled")->reason;
  if (status.phase == "Failed" && (!before || before->status != "True" || before->reason != reason))
    plan.actions.push_back(Announce{ref, metadata.uid, true, reason, status.summary});
  return plan;
}

}  // namespace slipway::model_version

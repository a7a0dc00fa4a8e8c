#include "reconcilers/inference_service/diagnose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "crds/types/agent_report.hpp"
#include "crds/types/decode.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/common/text.hpp"

namespace slipway::inference_service {
namespace {

using k8s::ConditionView;
using k8s::ContainerStatusView;
using k8s::PodView;

const ConditionView* find(const std::vector<ConditionView>& conditions, std::string_view type) {
  const auto at = std::ranges::find(conditions, type, &ConditionView::type);
  return at == conditions.end() ? nullptr : &*at;
}

bool is_ready(const PodView& pod) {
  const ConditionView* ready = find(pod.status.conditions, "Ready");
  return ready && ready->status == "True";
}

bool belongs_to(const PodView& pod, std::string_view revision_hash) {
  const auto label = pod.metadata.labels.find(kRevisionLabel);
  return label != pod.metadata.labels.end() && label->second == revision_hash;
}

const ContainerStatusView* container(const std::vector<ContainerStatusView>& all,
                                     std::string_view name) {
  const auto at = std::ranges::find(all, name, &ContainerStatusView::name);
  return at == all.end() ? nullptr : &*at;
}

// The failed end of a container: of this run, or of the one before when it waits to be restarted.
// An engine is never done, so any end of it is a failure.
const ContainerStatusView::Terminated* failure_of(const ContainerStatusView& status) {
  const auto failed = [&](const ContainerStatusView::Terminated& end) {
    return end.exit_code != 0 || status.name == "engine" ? &end : nullptr;
  };
  if (status.state.terminated) return failed(*status.state.terminated);
  if (status.ready || !status.last_state.terminated) return nullptr;
  return failed(*status.last_state.terminated);
}

// It has ended for good; where it still is needed, another pod takes its place.
bool is_finished(const PodView& pod) {
  return pod.status.phase == "Failed" || pod.status.phase == "Succeeded";
}

std::string last_line_of(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  const auto newline = text.rfind('\n');
  return std::string(newline == std::string_view::npos ? text : text.substr(newline + 1));
}

std::optional<Problem> image_problem(const Observed& seen, const ContainerStatusView& status) {
  static constexpr std::array kReasons{"ErrImagePull", "ImagePullBackOff", "InvalidImageName",
                                       "ErrImageNeverPull", "RegistryUnavailable"};
  const auto& waiting = status.state.waiting;
  if (!waiting || std::ranges::find(kReasons, waiting->reason) == kReasons.end())
    return std::nullopt;
  const auto& pod = seen.owner->spec.pod;
  const bool no_secrets = !pod || pod->image_pull_secrets.empty();
  return Problem{"ImagePull",
                 fmt::format("image {} cannot be pulled: {}{}", status.image,
                             waiting->message.empty() ? waiting->reason : waiting->message,
                             no_secrets ? "; spec.pod.imagePullSecrets is empty" : "")};
}

Problem ended(const ContainerStatusView& status, const ContainerStatusView::Terminated& end) {
  const auto report = decode<AgentReport>(end.message);
  const bool reported = report && !report->reason.empty() && report->reason != "Verified";
  const std::string times =
      status.restart_count > 0 ? fmt::format(" ({} restarts)", status.restart_count) : "";
  if (end.reason == "OOMKilled") {
    const std::string last = reported ? report->last_line : last_line_of(end.message);
    return {"OutOfMemory",
            fmt::format("{} was killed: out of memory, exit {}{}{}{}", status.name, end.exit_code,
                        times, last.empty() ? "" : "; last line: ", last)};
  }
  const char* plain = status.name == "engine" ? "EngineExited" : "FetchFailed";
  // Whatever runs in the container may have written the report.
  if (reported)
    return {is_reason(report->reason) ? report->reason : plain, report->message + times};
  const std::string last = last_line_of(end.message);
  return {plain, fmt::format("{} exited {}{}{}{}", status.name, end.exit_code, times,
                             last.empty() ? "" : "; last line: ", last)};
}

std::optional<Problem> container_problem(const Observed& seen, const ContainerStatusView& status) {
  if (auto problem = image_problem(seen, status)) return problem;
  if (const auto* end = failure_of(status)) return ended(status, *end);
  const auto& waiting = status.state.waiting;
  if (waiting &&
      (waiting->reason == "CreateContainerConfigError" ||
       waiting->reason == "CreateContainerError" || waiting->reason == "RunContainerError"))
    return Problem{waiting->reason, fmt::format("{}: {}", status.name, waiting->message)};
  return std::nullopt;
}

std::optional<Problem> scheduling_problem(const PodView& pod, const Revision& revision) {
  const ConditionView* scheduled = find(pod.status.conditions, "PodScheduled");
  if (!scheduled || scheduled->status != "False") return std::nullopt;
  const auto& gpu = revision.pinned.gpu;
  if (gpu && !gpu->shortfall.empty()) return Problem{"NoSuitableGpu", gpu->shortfall};
  return Problem{"Unschedulable", scheduled->message};
}

std::optional<Problem> pod_problem(const Observed& seen, const PodView& pod,
                                   const Revision& revision) {
  if (auto problem = scheduling_problem(pod, revision)) return problem;
  for (const auto& status : pod.status.init_container_statuses)
    if (auto problem = container_problem(seen, status)) return problem;
  for (const auto& status : pod.status.container_statuses)
    if (auto problem = container_problem(seen, status)) return problem;
  return std::nullopt;
}

std::optional<Problem> end_of_pod(const Observed& seen, const PodView& pod,
                                  const Revision& revision) {
  // Eviction and the like: the containers only tell that they were killed.
  if (is_reason(pod.status.reason))
    return Problem{pod.status.reason,
                   fmt::format("pod {} failed: {}", pod.metadata.name, pod.status.message)};
  if (auto problem = pod_problem(seen, pod, revision)) return problem;
  return Problem{"PodFailed",
                 fmt::format("pod {} failed: {}", pod.metadata.name, pod.status.message)};
}

std::optional<Problem> deployment_problem(const k8s::DeploymentView& deployment) {
  const ConditionView* failure = find(deployment.status.conditions, "ReplicaFailure");
  if (!failure || failure->status != "True") return std::nullopt;
  const bool quota = failure->message.find("exceeded quota") != std::string::npos;
  return Problem{quota ? "QuotaExceeded" : "PodsRefused", failure->message};
}

Progress::Stage stage_of(const PodView& pod) {
  if (is_ready(pod)) return Progress::Stage::Ready;
  const auto* engine = container(pod.status.container_statuses, "engine");
  if (engine && engine->state.running) return Progress::Stage::Loading;
  const auto* model = container(pod.status.init_container_statuses, "model");
  if (model && (model->state.running || model->state.terminated))
    return Progress::Stage::Downloading;
  return Progress::Stage::Pending;
}

}  // namespace

Progress progress_of(const Observed& seen, std::string_view revision_hash) {
  Progress progress;
  for (const auto& pod : seen.pods) {
    if (!belongs_to(*pod, revision_hash) || pod->metadata.deletion_timestamp || is_finished(*pod))
      continue;
    ++progress.pods;
    progress.ready += is_ready(*pod) ? 1 : 0;
    progress.stage = std::max(progress.stage, stage_of(*pod));
  }
  return progress;
}

std::optional<Problem> diagnose(const Observed& seen, const Revision& revision) {
  for (const auto& pod : seen.pods) {
    if (!belongs_to(*pod, revision.hash) || pod->metadata.deletion_timestamp || is_ready(*pod) ||
        is_finished(*pod))
      continue;
    if (auto problem = pod_problem(seen, *pod, revision)) return problem;
  }
  // A pod that failed for good is the cause only until another one has got further.
  const bool replaced = progress_of(seen, revision.hash).stage > Progress::Stage::Pending;
  for (const auto& pod : seen.pods)
    if (!replaced && belongs_to(*pod, revision.hash) && pod->status.phase == "Failed")
      return end_of_pod(seen, *pod, revision);
  const auto* deployment = deployment_of(seen, revision.hash);
  return deployment ? deployment_problem(*deployment) : std::nullopt;
}

Problem problem_of(const Refusal& refusal) {
  const Error& error = refusal.error;
  const bool quota = error.what.find("exceeded quota") != std::string::npos;
  const char* reason = quota                                 ? "QuotaExceeded"
                       : error.fault == Fault::Conflict      ? "NameConflict"
                       : error.fault == Fault::AlreadyExists ? "NameConflict"
                       : error.fault == Fault::Forbidden     ? "Forbidden"
                                                             : "Refused";
  return {reason, error.what};
}

}  // namespace slipway::inference_service

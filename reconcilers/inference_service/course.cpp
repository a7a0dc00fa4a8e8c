#include "reconcilers/inference_service/course.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "reconcilers/common/names.hpp"
#include "reconcilers/inference_service/render.hpp"

namespace slipway::inference_service {
namespace {

std::string selected_revision(const Observed& seen) {
  for (const auto& service : seen.services) {
    if (service->metadata.name != bounded_name(seen.owner->metadata.name)) continue;
    if (service->metadata.deletion_timestamp) continue;  // it is gone, or will be in a moment
    const auto label = service->spec.selector.find(kRevisionLabel);
    return label == service->spec.selector.end() ? "" : label->second;
  }
  return "";
}

// A revision can be stable as long as it has a Deployment, or pods that still answer without one.
bool stands(const Observed& seen, const std::string& revision) {
  return !revision.empty() &&
         (deployment_of(seen, revision) || progress_of(seen, revision).ready > 0);
}

enum class Standing { None, Going, Lasting };

Standing standing_of_deployment(const Observed& seen, const std::string& revision) {
  const auto* deployment = deployment_of(seen, revision);
  if (deployment == nullptr) return Standing::None;
  return deployment->metadata.deletion_timestamp ? Standing::Going : Standing::Lasting;
}

// The revision with the most ready pods, of those whose pods will last if there are any; empty if
// none has a ready pod.
std::string answering_revision(const Observed& seen) {
  std::set<std::string> revisions;
  for (const auto& pod : seen.pods) {
    const auto label = pod->metadata.labels.find(kRevisionLabel);
    if (label != pod->metadata.labels.end()) revisions.insert(label->second);
  }
  std::string best;
  std::pair<bool, int> most;
  for (const std::string& revision : revisions) {
    const int ready = progress_of(seen, revision).ready;
    const std::pair answers{standing_of_deployment(seen, revision) == Standing::Lasting, ready};
    if (ready > 0 && answers > most) best = revision, most = answers;
  }
  return best;
}

// A Service that somebody deleted or turned away says nothing; then the status does. It may be
// older than the last move, because the write after that was refused, so it yields to a revision of
// which more pods answer.
std::string stable_revision(const Observed& seen, const std::string& selected) {
  if (stands(seen, selected)) return selected;
  std::string answering = answering_revision(seen);
  const auto& remembered = seen.owner->status.revision;
  if (!remembered || !stands(seen, remembered->stable)) return answering;
  // Pods without a Deployment are on their way out, or out already.
  const bool outdone =
      !answering.empty() && standing_of_deployment(seen, answering) == Standing::Lasting &&
      (standing_of_deployment(seen, remembered->stable) == Standing::None ||
       progress_of(seen, remembered->stable).ready < progress_of(seen, answering).ready);
  return outdone ? answering : remembered->stable;
}

// Enough of a live revision to diagnose it.
Revision live_revision(const Observed& seen, const std::string& hash) {
  Revision revision;
  revision.hash = hash;
  const auto& annotations = deployment_of(seen, hash)->metadata.annotations;
  const auto pinned = annotations.find(kPinnedAnnotation);
  if (pinned != annotations.end())
    revision.pinned = decode_pinned(pinned->second).value_or(Pinned{});
  return revision;
}

bool may_take_over(const Observed& seen, const Course& course) {
  // Asked for again while its Deployment is going: its pods answer no longer than that.
  if (standing_of_deployment(seen, course.wanted->hash) == Standing::Going) return false;
  const int stable_ready = progress_of(seen, course.stable).ready;
  const int wanted_ready = progress_of(seen, course.wanted->hash).ready;
  const int enough = std::clamp(wanted_replicas(seen, course), 1, std::max(stable_ready, 1));
  if (wanted_ready >= enough) return true;
  // A stable revision that answers nothing, for a cause that we can name, keeps nobody waiting; it
  // may hold the very GPU that its successor needs.
  return stable_ready == 0 && diagnose(seen, live_revision(seen, course.stable)).has_value();
}

}  // namespace

Course choose_course(const Observed& seen) {
  Course course;
  auto desired = desired_revision(seen);
  if (auto* revision = std::get_if<Revision>(&desired)) course.wanted = std::move(*revision);
  if (auto* reason = std::get_if<Unresolved>(&desired)) course.unresolved = std::move(*reason);
  course.selected = selected_revision(seen);
  course.stable = stable_revision(seen, course.selected);
  course.serve = course.stable;
  if (!course.wanted) return course;
  if (course.stable.empty() || course.stable == course.wanted->hash || may_take_over(seen, course))
    course.serve = course.wanted->hash;
  return course;
}

int wanted_replicas(const Observed& seen, const Course& course) {
  const ReplicaBounds bounds = replica_bounds(seen.owner->spec);
  if (!bounds.autoscaled()) return bounds.min;
  const auto* stable = course.stable.empty() ? nullptr : deployment_of(seen, course.stable);
  const int now = stable ? stable->spec.replicas.value_or(1) : bounds.min;
  return bounds.clamped(now);
}

}  // namespace slipway::inference_service

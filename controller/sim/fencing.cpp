#include "controller/sim/fencing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "controller/kube/client.hpp"
#include "controller/runtime/lease_machine.hpp"
#include "controller/sim/faults.hpp"
#include "controller/sim/texts.hpp"
#include "crds/types/k8s/projection.hpp"

namespace slipway::sim {
namespace {

const Json& object_of(const Effect& effect) {
  return effect.after != nullptr ? *effect.after : *effect.before;
}

std::int64_t written_epoch(const Json& object) {
  const std::string text = text_at(object, {"metadata", "annotations", kEpochAnnotation});
  std::int64_t epoch = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), epoch);
  return epoch;
}

}  // namespace

void Fencing::on_lease(const Json* after, Duration now) {
  holder_ = after == nullptr ? "" : text_at(*after, {"spec", "holderIdentity"});
  if (!holder_.empty()) renewed_[holder_] = now;
}

std::string Fencing::judge(const Effect& effect, const Sent& sent, Duration now) {
  if (sent.writer.empty()) return {};
  const std::string order = judge_order(effect, sent);
  const std::string permit = judge_permit(effect, sent, now);
  return permit.empty() ? order : permit;
}

// The right to write ends `deadline` after the last renewal was sent, which is not later than when
// the server saw it, on the writer's own clock; and the server ends every write in time. With even
// clocks nobody else can hold the Lease by then.
std::string Fencing::judge_permit(const Effect& effect, const Sent& sent, Duration now) const {
  const auto says = [&](const std::string& what) {
    return fmt::format("a write of {} to {} {}", sent.writer, title(object_of(effect)), what);
  };
  const auto renewed = renewed_.find(sent.writer);
  if (renewed == renewed_.end()) return says("though it never held the Lease");
  const double slowest = even_clocks_ ? 1 : 1 - kClockDrift;
  const Duration deadline = at_rate(LeaseTimes().deadline, 1 / slowest);
  // A renewal that came while the write was under way is no older permit.
  if (renewed->second <= sent.at && sent.at - renewed->second > deadline)
    return says(fmt::format("was sent {} ms after its last renewal, without a permit",
                            (sent.at - renewed->second).count()));
  if (now - sent.at >= kube::kWriteTimeout) return says("outlives the server's timeout");
  if (even_clocks_ && holder_ != sent.writer)
    return says("takes effect while the Lease is " +
                (holder_.empty() ? "nobody's" : holder_ + "'s"));
  return {};
}

// A write of an earlier leader may come late, but then it replaces nothing that a later one wrote:
// it insists on a version from before, or sees by the epoch that it has been succeeded.
std::string Fencing::judge_order(const Effect& effect, const Sent& sent) {
  std::int64_t& latest = epochs_[text_at(object_of(effect), {"metadata", "uid"})];
  const bool is_late = effect.before != nullptr && latest > sent.epoch;
  latest = std::max(latest, sent.epoch);
  if (!is_late) return {};
  const bool saw_it = !sent.version.empty() &&
                      sent.version == text_at(*effect.before, {"metadata", "resourceVersion"});
  if (saw_it && written_epoch(*effect.before) <= sent.epoch) return {};
  return fmt::format("{} of term {} undoes in {} what the leader of term {} wrote", sent.writer,
                     sent.epoch, title(*effect.before), latest);
}

}  // namespace slipway::sim

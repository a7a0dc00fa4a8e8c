#include "controller/runtime/lease_machine.hpp"

#include <algorithm>

#include "controller/cache/version.hpp"
#include "crds/base/check.hpp"

namespace slipway {
namespace {

// Older than what is known: a watch may tell of a write of ours after its answer did.
bool is_old(std::string_view seen, const std::optional<LeaseRecord>& known) {
  const Version a = parse_version(seen), b = known ? parse_version(known->version) : 0;
  return a != 0 && b != 0 && a < b;
}

std::string text_at(const Json& object, const char* pointer) {
  const Json::json_pointer at(pointer);
  return object.contains(at) && object[at].is_string() ? object[at].get<std::string>() : "";
}

std::int64_t number_at(const Json& object, const char* pointer) {
  const Json::json_pointer at(pointer);
  return object.contains(at) && object[at].is_number_integer() ? object[at].get<std::int64_t>() : 0;
}

}  // namespace

Result<LeaseRecord> read_lease(const Json& object) {
  LeaseRecord record;
  record.version = text_at(object, "/metadata/resourceVersion");
  if (record.version.empty()) return fail(Fault::Malformed, "the lease has no resourceVersion");
  record.uid = text_at(object, "/metadata/uid");
  record.holder = text_at(object, "/spec/holderIdentity");
  record.duration = std::chrono::seconds(
      std::clamp<std::int64_t>(number_at(object, "/spec/leaseDurationSeconds"), 0, 3600));
  record.transitions = number_at(object, "/spec/leaseTransitions");
  record.acquired = text_at(object, "/spec/acquireTime");
  return record;
}

LeaseMachine::LeaseMachine(std::string identity, LeaseTimes times)
    : identity_(std::move(identity)), times_(times) {
  SLIPWAY_CHECK(!identity_.empty(), "an empty holder means that nobody leads");
  SLIPWAY_CHECK(times_.duration > times_.deadline && times_.deadline > times_.retry,
                "a lease has to outlive its renewals");
}

void LeaseMachine::know(std::optional<LeaseRecord> record, Duration now) {
  if (!known_ || seen_ != record) changed_ = now;
  known_ = true;
  seen_ = std::move(record);
  if (seen_) highest_ = std::max(highest_, seen_->transitions);
  if (!is_ours()) step_down();
}

void LeaseMachine::observe(const std::optional<LeaseRecord>& seen, std::string_view as_of,
                           Duration now) {
  if (is_old(as_of, seen_)) return;
  know(seen, now);
}

LeaseRecord LeaseMachine::claim(const Moment& now) const {
  LeaseRecord record;
  record.uid = seen_ ? seen_->uid : "";
  record.version = seen_ ? seen_->version : "";
  record.holder = identity_;
  record.duration = times_.duration;
  record.transitions = seen_ ? seen_->transitions : 0;
  record.acquired = is_ours() ? seen_->acquired : to_rfc3339_micro(now.wall);
  // A Lease that was deleted has lost its count.
  if (!is_ours()) record.transitions = highest_ + 1;
  if (record.transitions <= floor_) record.transitions = floor_ + 1;
  return record;
}

std::optional<LeaseCall> LeaseMachine::next(const Moment& now, double random) {
  if (pending_ || !known_ || now.monotonic < next_due().value_or(now.monotonic + Duration(1)))
    return std::nullopt;
  sent_ = now.monotonic;
  // Up to a fifth later, so that replicas do not go on in step.
  due_ = sent_ + times_.retry +
         Duration(is_ours() ? 0
                            : static_cast<Duration::rep>(static_cast<double>(times_.retry.count()) *
                                                         random / 5));
  if (unsure_) return pending_ = ReadLease{};
  attempted_ = sent_;
  pending_ = seen_ ? LeaseCall(UpdateLease{claim(now)}) : LeaseCall(CreateLease{claim(now)});
  return pending_;
}

void LeaseMachine::answered(const Result<std::optional<LeaseRecord>>& answer, Duration now) {
  SLIPWAY_CHECK(pending_, "an answer belongs to a call");
  const LeaseCall call = *std::exchange(pending_, std::nullopt);
  const bool refused = !answer && (answer.error().fault == Fault::Conflict ||
                                   answer.error().fault == Fault::AlreadyExists);
  if (std::holds_alternative<CreateLease>(call) && !refused) lead_from_ = now + times_.duration;
  if (!answer) {
    // Whether a lost write was carried out is not known, and a refused one was made on old news.
    unsure_ = true;
    if (refused) {
      due_ = now;
      step_down();
    }
    return;
  }
  unsure_ = false;
  if (*answer && is_old((*answer)->version, seen_)) return;  // overtaken by the watch
  know(*answer, now);
  if (std::holds_alternative<ReadLease>(call)) {
    due_ = std::max(now, attempted_ + times_.retry);
    return;
  }
  if (!is_ours()) return;
  held_back_ = now < lead_from_;
  leading_ = seen_->transitions > floor_ && !held_back_;
  epoch_ = seen_->transitions;
  write_until_ = sent_ + times_.deadline;
}

std::optional<UpdateLease> LeaseMachine::release() {
  step_down();
  if (!is_ours() || held_back_) return std::nullopt;
  LeaseRecord record = *seen_;
  record.holder.clear();
  record.duration = std::chrono::seconds(1);
  return UpdateLease{record};
}

void LeaseMachine::outgrow(std::int64_t epoch) {
  if (epoch <= epoch_) return;
  floor_ = std::max(floor_, epoch);
  step_down();
  due_ = Duration{};
}

std::optional<Duration> LeaseMachine::next_due() const {
  if (pending_ || !known_) return std::nullopt;
  if (unsure_ || is_ours() || !seen_ || seen_->holder.empty()) return due_;
  return std::max(due_, changed_ + std::max(seen_->duration, times_.duration));
}

}  // namespace slipway

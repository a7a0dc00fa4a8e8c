// Leader election on a Lease (coordination.k8s.io/v1) as a machine without threads, sockets or
// clocks: what is seen of the Lease and the time go in, reads and writes of it come out.
// `LeaseHolder` moves them over the network, the simulator does the same in virtual time. Used by
// one thread at a time.
//
// Two clocks are never compared: another's lease has run out when it was not seen to change for
// its duration, measured here; our own right to write ends `deadline` after the last renewal that
// was answered was *sent*. Every write of the Lease depends on the version read, so of two
// replicas that try at once one is refused. Only the creation of a missing Lease depends on
// nothing: whoever led may not know yet that it was deleted. So whoever made it leads only when
// any lease from before has run out.
// Times as in client-go's leaderelection (15 s, 10 s, 2 s); a write lives at most 5 s (see
// kube::kWriteTimeout), so that 10 + 5 ends no later than the 15 s after which another may lead.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "controller/runtime/clock.hpp"
#include "crds/base/json.hpp"
#include "crds/base/result.hpp"
#include "crds/base/time.hpp"

namespace slipway {

struct LeaseTimes {
  Duration duration = std::chrono::seconds(15);  // without a change, and others may take it
  Duration deadline = std::chrono::seconds(10);  // since the last renewal, and we stop writing
  Duration retry = std::chrono::seconds(2);      // between renewals, and between attempts
};

// What a Lease says. `version` is its resourceVersion.
struct LeaseRecord {
  std::string version;
  std::string holder;  // empty: nobody
  Duration duration{};
  std::int64_t transitions = 0;  // changes of holder so far: our epoch
  std::string acquired;          // RFC 3339, for people
  std::string uid{};
  bool operator==(const LeaseRecord&) const = default;
};

// An object as the API server wrote it.
Result<LeaseRecord> read_lease(const Json& object);

// What is to be done about the Lease; the answer is given to `answered`.
struct ReadLease {};
struct CreateLease {
  LeaseRecord record;
};
struct UpdateLease {
  LeaseRecord record;  // with the version that it replaces
};
using LeaseCall = std::variant<ReadLease, CreateLease, UpdateLease>;

class LeaseMachine {
 public:
  explicit LeaseMachine(std::string identity, LeaseTimes times = {});

  // The Lease as a watch shows it; nullopt: there is none. `as_of` is the resourceVersion of that
  // news: what is older than what is known already is no news.
  void observe(const std::optional<LeaseRecord>& seen, std::string_view as_of, Duration now);
  // The next call, if one is due. `random`, uniform in [0, 1), spreads the attempts of replicas.
  std::optional<LeaseCall> next(const Moment& now, double random);
  // The answer to the call that `next` gave out last; nullopt in it: there is no Lease.
  void answered(const Result<std::optional<LeaseRecord>>& answer, Duration now);
  // Gives the Lease up; nullopt: it is not ours to give. No write may be under way any more.
  std::optional<UpdateLease> release();
  // See `Leadership::outgrow`.
  void outgrow(std::int64_t epoch);

  // Whether this replica leads, were it asked at `now`.
  bool leads(Duration now) const { return leading_ && now < write_until_; }
  // The end of the right to write (monotonic); only ever later while it leads without a gap.
  Duration write_until() const { return leading_ ? write_until_ : Duration{}; }
  std::int64_t epoch() const { return epoch_; }
  // When `next` should be asked again; nullopt: only news can change something.
  std::optional<Duration> next_due() const;
  // Who leads as far as is known; empty: nobody.
  std::string holder() const { return seen_ ? seen_->holder : std::string(); }

 private:
  bool is_ours() const { return seen_ && seen_->holder == identity_; }
  void step_down() { leading_ = false; }
  void know(std::optional<LeaseRecord> record, Duration now);
  LeaseRecord claim(const Moment& now) const;

  const std::string identity_;
  const LeaseTimes times_;
  bool known_ = false;               // something was seen, if only that there is none
  std::optional<LeaseRecord> seen_;  // the Lease as it was seen last
  Duration changed_{};               // when it was seen to change last
  Duration due_{};                   // of the next call
  bool unsure_ = false;              // a write was refused or lost: read before the next one
  std::optional<LeaseCall> pending_;
  Duration sent_{};         // the pending call
  Duration attempted_{};    // the last write
  Duration lead_from_{};    // not before
  bool held_back_ = false;  // that has not come yet, so nobody else may lead for the asking either
  bool leading_ = false;
  Duration write_until_{};
  std::int64_t epoch_ = 0;    // of our last term
  std::int64_t highest_ = 0;  // of all terms that were ever seen
  std::int64_t floor_ = 0;    // an epoch that the next term has to exceed
};

}  // namespace slipway

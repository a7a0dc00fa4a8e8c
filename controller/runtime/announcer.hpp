// Writes Kubernetes Events (events.k8s.io/v1), once per cause: the same reason and message about
// the same object is sent at most once per hour. Best effort: an event that cannot be written is
// no reason to stop. Thread-safe; the client must outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "controller/cache/guarded.hpp"
#include "controller/kube/api_client.hpp"
#include "controller/runtime/clock.hpp"
#include "reconcilers/plan.hpp"

namespace slipway {

class Announcer {
 public:
  explicit Announcer(kube::ApiClient& api) : api_(api) {}

  // True if an event was written just now.
  bool announce(const Announce& what, Moment now);

 private:
  kube::ApiClient& api_;
  Guarded<std::map<std::uint64_t, Duration>> sent_;  // hash of the cause -> when
};

// Pure: the event object. Its name is made of the cause and the hour, so that a lost answer or a
// restart cannot duplicate it.
Json event_of(const Announce& what, Time now);

}  // namespace slipway

// What a `LeaseMachine` asks for, as calls to the API server, and what the watch of its Lease says,
// as it takes it. Without threads and clocks: `LeaseHolder` drives it in real time, the simulator
// in virtual time. The client must outlive it; thread-safe where the client is.
#pragma once

#include <optional>
#include <string>

#include "controller/kube/api_client.hpp"
#include "controller/kube/watcher.hpp"
#include "controller/runtime/lease_machine.hpp"

namespace slipway {

class LeaseCalls {
 public:
  LeaseCalls(std::string ns, std::string name, kube::ApiClient& client);

  // `now` is for people who read the Lease.
  Result<std::optional<LeaseRecord>> carry_out(const LeaseCall& call, Time now) const;
  // Follows this Lease and no other.
  kube::WatchTarget target() const;

 private:
  // The Lease is made once; whoever renews it must not take its labels away.
  Json object_of(const LeaseRecord& record, Time now) const;

  const std::string ns_;
  const std::string name_;
  kube::ApiClient& client_;
  const kube::Resource resource_;
};

// For `LeaseMachine::observe`. `record` is unset if there is no Lease.
struct LeaseSight {
  std::optional<LeaseRecord> record;
  std::string as_of;
};

// Used by the thread that watches.
class LeaseSights {
 public:
  // nullopt: nothing that would be news yet.
  Result<std::optional<LeaseSight>> of(const kube::WatchEvent& event);

 private:
  bool seen_in_set_ = false;
};

}  // namespace slipway

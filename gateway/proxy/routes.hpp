// A snapshot as one reactor uses it: its revisions with what is known of their endpoints, their
// connections and their counters. What is known survives from one snapshot to the next.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/config/snapshot.hpp"
#include "gateway/picking/pool.hpp"
#include "gateway/picking/retry_budget.hpp"
#include "gateway/picking/revisions.hpp"
#include "gateway/proxy/limit_table.hpp"
#include "gateway/proxy/upstream.hpp"
#include "gateway/telemetry/counters.hpp"

namespace slipway::gateway {

// What one reactor knows of a revision. Requests hold it until they end.
struct RevisionState {
  std::string model, revision;
  Pool pool;
  RetryBudget retries;
  RevisionCounters* counters = nullptr;  // lives as long as the reactor
  std::unordered_map<std::uint64_t, std::shared_ptr<Upstream>> upstreams;  // by endpoint
};

// By model and revision.
using RevisionStates =
    std::map<std::pair<std::string, std::string>, std::shared_ptr<RevisionState>>;

class Routes {
 public:
  // What `before` knew of revisions and endpoints that are still there is taken over.
  Routes(EventLoop& loop, GatewayCounters& counters, std::shared_ptr<const Snapshot> snapshot,
         const Routes* before);

  const Snapshot& snapshot() const { return *snapshot_; }
  // nullptr: no revision of the model has a weight.
  std::shared_ptr<RevisionState> choose(std::uint32_t model, std::uint64_t sticky) const;
  // Looks at how endpoints fared; to be called every kRateWindow.
  void close_window(Instant now) const;

 private:
  struct Choices {
    std::vector<RevisionWeight> weights;
    std::vector<std::shared_ptr<RevisionState>> states;  // in the same order
  };
  std::shared_ptr<Upstream> upstream(EventLoop& loop, const std::string& address,
                                     const Routes* before);

  std::shared_ptr<const Snapshot> snapshot_;
  std::unordered_map<std::string, std::shared_ptr<Upstream>> upstreams_;
  RevisionStates states_;
  std::vector<Choices> choices_;  // by model
};

// What stands for an endpoint, a revision, a tenant in hashes: the same on every gateway.
std::uint64_t id_of(std::string_view name);

}  // namespace slipway::gateway

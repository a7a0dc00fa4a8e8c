// A snapshot as one reactor uses it: its endpoints with their connections and loads, its revisions
// with their counters.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/config/snapshot.hpp"
#include "gateway/proxy/upstream.hpp"
#include "gateway/telemetry/counters.hpp"

namespace slipway::gateway {

struct Pool {
  const CompiledRevision* revision = nullptr;
  RevisionCounters* counters = nullptr;  // lives as long as the reactor
  std::vector<std::shared_ptr<Upstream>> endpoints;
};

class Routes {
 public:
  // `snapshot` is kept; connections of endpoints that `before` has as well are taken over.
  Routes(EventLoop& loop, EndpointLoads& loads, GatewayCounters& counters,
         std::shared_ptr<const Snapshot> snapshot, const Routes* before);

  const Snapshot& snapshot() const { return *snapshot_; }
  // The pool of the revision that this request is for, by weight; nullptr: there is none. `point`
  // is spread evenly over all 64 bits, and the same for requests that belong together.
  const Pool* choose(std::uint32_t model, std::uint64_t point) const;

 private:
  std::shared_ptr<const Snapshot> snapshot_;
  std::unordered_map<std::string, std::shared_ptr<Upstream>> upstreams_;
  std::vector<std::vector<Pool>> pools_;  // by model, then by revision
};

// Of two endpoints drawn at random the one with less to do; nullptr: the pool is empty or all of it
// is `but`, which has been tried.
std::shared_ptr<Upstream> pick(const Pool& pool, std::uint64_t random, const Upstream* but);

}  // namespace slipway::gateway

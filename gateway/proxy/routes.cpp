#include "gateway/proxy/routes.hpp"

namespace slipway::gateway {

Routes::Routes(EventLoop& loop, EndpointLoads& loads, GatewayCounters& counters,
               std::shared_ptr<const Snapshot> snapshot, const Routes* before)
    : snapshot_(std::move(snapshot)) {
  const auto upstream_of = [&](const std::string& address) {
    std::shared_ptr<Upstream>& slot = upstreams_[address];
    if (slot) return slot;
    if (before != nullptr)
      if (const auto at = before->upstreams_.find(address); at != before->upstreams_.end())
        return slot = at->second;
    return slot = std::make_shared<Upstream>(loop, address, loads.of(address));
  };
  pools_.reserve(snapshot_->models.size());
  for (const CompiledModel& model : snapshot_->models) {
    std::vector<Pool>& pools = pools_.emplace_back();
    for (const CompiledRevision& revision : model.revisions) {
      Pool pool{&revision, &counters.revisions[{model.name, revision.name}], {}};
      for (const std::string& address : revision.endpoints)
        pool.endpoints.push_back(upstream_of(address));
      pools.push_back(std::move(pool));
    }
  }
}

const Pool* Routes::choose(std::uint32_t model, std::uint64_t point) const {
  const std::vector<Pool>& pools = pools_[model];
  std::uint64_t total = 0;
  for (const Pool& pool : pools) total += pool.revision->weight;
  if (total == 0) return nullptr;
  // The high half of a product spreads [0, 2^32) evenly over [0, total); total is below 2^24.
  std::uint64_t at = ((point >> 32) * total) >> 32;
  for (const Pool& pool : pools) {
    if (at < pool.revision->weight) return &pool;
    at -= pool.revision->weight;
  }
  return nullptr;
}

std::shared_ptr<Upstream> pick(const Pool& pool, std::uint64_t random, const Upstream* but) {
  const std::size_t count = pool.endpoints.size();
  if (count == 0) return nullptr;
  std::size_t first = static_cast<std::uint32_t>(random) % count;
  std::size_t second = (random >> 32) % count;
  // Neither may be the one that failed; two draws of the same one are one draw.
  if (pool.endpoints[first].get() == but) first = (first + 1) % count;
  if (pool.endpoints[second].get() == but) second = (second + 1) % count;
  const auto& a = pool.endpoints[first];
  const auto& b = pool.endpoints[second];
  if (a.get() == but) return nullptr;
  return b->load().in_flight.load(std::memory_order_relaxed) <
                 a->load().in_flight.load(std::memory_order_relaxed)
             ? b
             : a;
}

}  // namespace slipway::gateway

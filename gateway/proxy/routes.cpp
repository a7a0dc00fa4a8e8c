#include "gateway/proxy/routes.hpp"

#include <xxhash.h>

#include "gateway/picking/outlier.hpp"

namespace slipway::gateway {
namespace {

// Of an endpoint that has no bound: more than a gateway can have connections.
constexpr std::uint32_t kNoBound = 1'000'000;

}  // namespace

std::uint64_t id_of(std::string_view name) {
  return XXH3_64bits(name.data(), name.size());
}

std::shared_ptr<Upstream> Routes::upstream(EventLoop& loop, const std::string& address,
                                           const Routes* before) {
  std::shared_ptr<Upstream>& slot = upstreams_[address];
  if (slot) return slot;
  if (before != nullptr)
    if (const auto at = before->upstreams_.find(address); at != before->upstreams_.end())
      return slot = at->second;
  return slot = std::make_shared<Upstream>(loop, address);
}

Routes::Routes(EventLoop& loop, GatewayCounters& counters, std::shared_ptr<const Snapshot> snapshot,
               const Routes* before)
    : snapshot_(std::move(snapshot)) {
  choices_.reserve(snapshot_->models.size());
  for (const CompiledModel& model : snapshot_->models) {
    Choices& choices = choices_.emplace_back();
    for (const CompiledRevision& revision : model.revisions) {
      const std::pair key{model.name, revision.name};
      std::shared_ptr<RevisionState> state;
      if (before != nullptr)
        if (const auto at = before->states_.find(key); at != before->states_.end())
          state = at->second;
      if (!state) {
        state = std::make_shared<RevisionState>();
        state->model = model.name;
        state->revision = revision.name;
        state->counters = &counters.revisions[key];
      }
      std::vector<EndpointFacts> facts;
      state->upstreams.clear();
      for (const std::string& address : revision.endpoints) {
        EndpointFacts& one = facts.emplace_back();
        one.id = id_of(address);
        one.slots = revision.slots == 0 ? kNoBound : revision.slots;
        one.ready = true;
        one.adapters = ~0ULL;
        state->upstreams[one.id] = upstream(loop, address, before);
      }
      state->pool.update(facts);
      choices.weights.push_back({id_of(revision.name), static_cast<double>(revision.weight)});
      choices.states.push_back(state);
      states_.emplace(key, std::move(state));
    }
  }
}

std::shared_ptr<RevisionState> Routes::choose(std::uint32_t model, std::uint64_t sticky) const {
  const Choices& choices = choices_[model];
  const auto chosen = choose_revision(sticky, choices.weights);
  return chosen ? choices.states[*chosen] : nullptr;
}

void Routes::close_window(Instant now) const {
  for (const auto& [key, state] : states_) state->pool.close_window(now);
}

}  // namespace slipway::gateway

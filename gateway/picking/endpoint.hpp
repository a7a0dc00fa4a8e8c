// What a gateway knows about one endpoint of a pool: what it sent there itself, what other gateways
// and the engine's metrics said last, and how it answered. Values without locks; `Pool` keeps them
// up to date.
#pragma once

#include <cstdint>

#include "gateway/instant.hpp"
#include "gateway/picking/digest.hpp"
#include "gateway/picking/outlier.hpp"

namespace slipway::gateway {

// The engine's own metrics as they were at `at`.
struct Scrape {
  std::uint32_t queued = 0;   // requests that wait in the engine
  std::uint32_t running = 0;  // requests in its batch
  float kv_used = 0;          // of the KV memory, by running requests, 0 to 1
  Instant at{};
};

// News older than this says nothing any more: three scrapes at 200 ms, and room for a slow one.
inline constexpr Instant kStale = std::chrono::milliseconds(1000);

// What a watch says about an endpoint.
struct EndpointFacts {
  std::uint64_t id = 0;     // a hash of its address: the same on every gateway
  std::uint32_t slots = 1;  // requests that the engine runs at once, > 0; its weight in the pool
  std::uint32_t kv_tokens = 0;  // that its KV memory holds; 0: not known
  bool ready = false;
  bool terminating = false;
  std::uint64_t adapters = 0;  // a bit for each LoRA adapter of the pool that it has loaded
};

struct Endpoint {
  EndpointFacts facts;
  Health health{};

  UnderWay own{};
  double unanswered_held = 0;    // of own.held: of requests without a first byte
  std::uint32_t unanswered = 0;  // own requests without a first byte

  UnderWay others{};    // all that is not ours
  Instant others_at{};  // when that was so
  bool others_known = false;
  bool others_told = false;  // by the gateways themselves, so that metrics are not needed

  // Seconds from sending to the first byte, for each prompt token that was to compute up to it (the
  // request's own and those before it): an exponential mean, for metrics. 0: nothing came back yet.
  double pace = 0;

  // All that is under way on it: ours as of now and the others' as of the last news, ours alone
  // when that is too old.
  UnderWay load(Instant now) const {
    UnderWay all = own;
    if (others_known && now - others_at <= kStale) all += others;
    return all;
  }
};

}  // namespace slipway::gateway

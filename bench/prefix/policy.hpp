// How a gateway chooses an engine, and what it may know for it: its own requests as they begin,
// answer and end, and the engines' metrics as of the last scrape. One object for each gateway.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/prefix/engine.hpp"
#include "bench/prefix/trace.hpp"
#include "gateway/picking/pick.hpp"

namespace slipway::bench {

struct Metrics {
  std::uint32_t queued = 0;
  std::uint32_t running = 0;
  double kv_used = 0;
};

class Policy {
 public:
  virtual ~Policy() = default;
  // The engine for a request that came at `now`; the request counts as sent there.
  virtual std::uint32_t choose(std::uint32_t request, double now) = 0;
  virtual void first_token(std::uint32_t /*request*/, double /*now*/) {}
  virtual void finished(std::uint32_t /*request*/, std::uint32_t /*engine*/, double /*now*/) {}
  virtual void scraped(std::uint32_t /*engine*/, const Metrics&, double /*now*/) {}
  // Hears from gateway `number`, which has the same policy, as often as engines are scraped.
  virtual void hear(const Policy& /*peer*/, std::uint32_t /*number*/, double /*now*/) {}
};

struct Setting {
  const Trace& trace;
  const EngineModel& model;
  std::uint32_t engines = 8;
  std::uint32_t gateways = 1;
};

struct Contender {
  std::string name;
  std::function<std::unique_ptr<Policy>(const Setting&, std::uint64_t seed)> make;
};

// Those that are compared with ours: random, round robin, least request, consistent hashing with
// bounded loads on 100 characters (of the prompt, and of the first user message), and an
// endpoint picker that scores prefix, queue and KV memory.
std::vector<Contender> baselines();
Contender ours(const gateway::PickRules& rules, bool digests);

}  // namespace slipway::bench

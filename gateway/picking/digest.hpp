// What gateways tell each other about one pool, five times a second or so: what each has under way
// on every endpoint, and where it sent prefixes. Optional: a gateway that hears nothing goes by the
// engines' metrics and by rendezvous. There is no shared store, and none is needed.
// A digest is a value; how it travels is the shell's business.
#pragma once

#include <cstdint>
#include <vector>

#include "gateway/picking/recent_prefixes.hpp"

namespace slipway::gateway {

// What one gateway, or all others together, has under way on an endpoint.
struct UnderWay {
  double requests = 0;
  double to_compute = 0;  // prompt tokens of those without a first byte
  double held = 0;        // tokens of all, prompts and estimated answers
  UnderWay& operator+=(const UnderWay& more) {
    requests += more.requests;
    to_compute += more.to_compute;
    held += more.held;
    return *this;
  }
};

struct EndpointUnderWay {
  std::uint64_t endpoint = 0;
  UnderWay load;
};

struct Digest {
  std::vector<EndpointUnderWay> loads;
  RecentPrefixes::News news;
};

}  // namespace slipway::gateway

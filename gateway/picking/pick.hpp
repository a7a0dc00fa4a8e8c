// Which endpoint of a pool a request goes to. Pure: the same pool, request and time give the same
// answer, and gateways that see the same endpoints rank them alike for a prefix without sharing
// anything.
//
// 1. Left out: not ready, terminating, without the adapter, tried before, at its limit of requests
//    (twice its slots), ejected (unless that is more than half: then ejections do not count).
// 2. A prompt whose beginning went somewhere before goes there again; where that is not known it
//    goes home, to the endpoint that weighted rendezvous gives for its affinity key. An endpoint
//    with too many requests is passed by: from home to the second home, the same on every gateway,
//    so that what spills finds a warm cache as well.
// 3. Either is taken only while the prompt tokens that its cache spares outweigh the tokens that
//    wait there longer than elsewhere; otherwise the request goes where least waits.
// 4. A prompt that is nothing but a common prefix (see `PrefixShares`) goes where least waits among
//    as many homes as the prefix's share of traffic keeps warm.
// Its time grows with the endpoints, by some 20 ns each.
#pragma once

#include <cstdint>
#include <span>
#include <tl/expected.hpp>

#include "gateway/instant.hpp"
#include "gateway/picking/pool.hpp"

namespace slipway::gateway {

struct Ask {
  Prefix prefix{};                         // of Pool::look_up
  std::uint32_t answer_tokens = 0;         // estimated
  std::uint64_t adapter = 0;               // its bit in EndpointFacts::adapters; 0: none is needed
  std::uint64_t random = 0;                // uniform; choices that do not matter depend on it
  std::span<const std::uint64_t> tried{};  // endpoints that failed this request before
};

enum class Reason { Known, Home, SecondHome, LeastLoaded };

struct Picked {
  Flight flight;  // for Pool::sent
  Reason reason = Reason::LeastLoaded;
  bool panic = false;  // so many are ejected that ejections did not count
};

// Why there is no endpoint. Of several causes the one that ends soonest by itself is named.
enum class NoPick {
  Empty,      // the pool has no endpoints: wake it up
  NotReady,   // none is ready
  NoAdapter,  // none that is ready has the adapter
  AllTried,   // the request failed on each that it could go to
  AllBusy,    // every one is at its limit of requests: 429 or 503 with Retry-After
};

const char* to_string(Reason reason);
const char* to_string(NoPick cause);

// The numbers behind the rules, tuned on the first half of a trace of conversations (bench/prefix).
// The bound is that of "Consistent Hashing with Bounded Loads" (Mirrokni, Thorup, Zadimoghaddam,
// SODA 2018); with the usual 1.25 caches spare 15 % less there, and nobody waits less.
struct PickRules {
  // Requests on an endpoint over its part of the pool's, at most; `few` are never too many.
  double bound = 3;
  double few = 4;
  // Tokens of waiting that a token outweighs which is known to be cached. The more others share the
  // prefix the less, down to one token at 1 / `crowd` of the share that is too common for a key.
  double known = 32;
  double crowd = 8;
  // The same for a token that another gateway is likely to have sent home.
  double unknown = 2;
  // Tokens of waiting that stand for each request under way, and for each token that those hold.
  double request_drag = 64;
  double held_drag = 0.2;
  // Requests on an endpoint for each of its slots: as many again as run may queue.
  double limit_per_slot = 2;
};

tl::expected<Picked, NoPick> pick(const Ask& ask, const Pool& pool, Instant now,
                                  const PickRules& rules = {});

}  // namespace slipway::gateway

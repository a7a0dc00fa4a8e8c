// The endpoints of one pool as a gateway sees them, and what its traffic to them is like. Watches,
// scrapes, other gateways' digests and the course of every request are told to it; `pick` reads it.
// No I/O, no clock; used by one thread at a time: a gateway with several reactors has a pool in
// each, and to the rules they are so many gateways.
//
// A request is a `Flight` from `sent` to `finished`. Its endpoint may go meanwhile; what comes
// after that is dropped.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "gateway/instant.hpp"
#include "gateway/picking/digest.hpp"
#include "gateway/picking/endpoint.hpp"
#include "gateway/picking/prefix_shares.hpp"
#include "gateway/picking/recent_prefixes.hpp"

namespace slipway::gateway {

// What a prompt's beginning says about its place. `links` must outlive it.
struct Prefix {
  std::span<const std::uint64_t> links{};
  std::uint32_t prompt_tokens = 0;  // estimated
  AffinityKey affinity{};
  double known = 0;        // tokens of the prompt that an endpoint was seen to get before
  std::uint64_t last = 0;  // that endpoint, if known > 0
};

struct Flight {
  std::uint64_t endpoint = 0;
  double to_compute = 0;  // prompt tokens that its prefix cache is not expected to spare
  double held = 0;        // tokens of prompt and estimated answer
  double ahead = 0;       // tokens that were to compute before it
  bool answered = false;
  Instant sent_at{};
};

class Pool {
 public:
  // Takes the endpoints as they are now; what is known of those that stay is kept.
  void update(std::span<const EndpointFacts> facts);
  // News from an engine. What is no longer in the pool is ignored.
  void scraped(std::uint64_t endpoint, const Scrape& scrape);
  // For how many gateways, this one among them, requests are spread over; at least 1.
  void spread_over(std::uint32_t gateways) { gateways_ = gateways; }

  // What to tell a gateway that has heard everything before number `since`.
  Digest digest(std::uint64_t since) const;
  // What gateway `peer` told.
  void absorb(std::uint64_t peer, const Digest& digest, Instant now);

  // Counts a request's prefix, once for each request, and says what its place depends on.
  Prefix look_up(std::span<const std::uint64_t> links, std::uint32_t prompt_tokens);

  void sent(const Prefix& prefix, Flight& flight, Instant now);
  void first_byte(Flight& flight, Instant now);
  void finished(Flight& flight, Attempt attempt, Instant now);
  // Compares rates of success; to be called every kRateWindow.
  void close_window(Instant now);

  std::span<const Endpoint> endpoints() const { return endpoints_; }
  // Share of a prompt that others are likely to have sent home before, if we know nothing of it;
  // 0 to 1. With one gateway, or where all tell what they do, what we do not know is new.
  double sent_by_others() const;
  // Whether weights differ, so that draws alone do not rank endpoints.
  bool weighted() const { return weighted_; }

 private:
  struct Peer {
    std::vector<EndpointUnderWay> loads;
    Instant at{};
  };
  Endpoint* find(std::uint64_t id);
  void answer(Endpoint& endpoint, const Flight& flight);
  bool may_eject(Instant now) const;
  void sum_up_peers(Instant now);

  std::vector<Endpoint> endpoints_;
  PrefixShares shares_;
  RecentPrefixes recent_;
  std::map<std::uint64_t, Peer> peers_;
  std::uint32_t gateways_ = 1;
  bool weighted_ = false;
  // Exponential means over requests.
  double known_share_ = 0;  // of a prompt, that `recent_` knew
  // Prompt tokens, and all tokens, of a request: for those that others sent.
  double to_compute_ = 1000;
  double held_ = 1500;
};

}  // namespace slipway::gateway

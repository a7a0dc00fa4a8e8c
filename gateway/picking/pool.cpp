#include "gateway/picking/pool.hpp"

#include <algorithm>

#include "gateway/picking/prefix_chain.hpp"

namespace slipway::gateway {

namespace {

// Weights of the newest value in exponential means.
constexpr double kPaceStep = 0.1;
constexpr double kTrafficStep = 0.02;
constexpr double kBytesPerToken = 3.6;

void follow(double& mean, double value, double step) {
  mean += step * (value - mean);
}

void take(double& from, double amount) {
  from = std::max(0.0, from - amount);
}

}  // namespace

void Pool::update(std::span<const EndpointFacts> facts) {
  std::vector<Endpoint> next;
  next.reserve(facts.size());
  for (const EndpointFacts& fact : facts) {
    const Endpoint* known = find(fact.id);
    next.push_back(known ? *known : Endpoint{fact});
    next.back().facts = fact;
  }
  endpoints_ = std::move(next);
  weighted_ = std::ranges::any_of(
      endpoints_, [&](const Endpoint& e) { return e.facts.slots != endpoints_[0].facts.slots; });
}

void Pool::scraped(std::uint64_t endpoint, const Scrape& scrape) {
  Endpoint* seen = find(endpoint);
  if (!seen || (seen->others_told && scrape.at - seen->others_at <= kStale)) return;
  const double all = scrape.queued + scrape.running;
  const double queued = scrape.queued - std::min(scrape.queued, seen->unanswered);
  seen->others.requests = std::max(0.0, all - seen->own.requests);
  seen->others.to_compute = std::min(queued, seen->others.requests) * to_compute_;
  seen->others.held = seen->others.requests * held_;
  if (seen->facts.kv_tokens > 0) {
    const double admitted = seen->own.held - seen->unanswered_held;
    const double used = static_cast<double>(scrape.kv_used) * seen->facts.kv_tokens;
    seen->others.held = std::max(0.0, used - admitted) + queued * held_;
  }
  seen->others_at = scrape.at;
  seen->others_known = true;
  seen->others_told = false;
}

Digest Pool::digest(std::uint64_t since) const {
  Digest digest;
  for (const Endpoint& endpoint : endpoints_)
    digest.loads.push_back({endpoint.facts.id, endpoint.own});
  digest.news = recent_.news(since);
  return digest;
}

void Pool::absorb(std::uint64_t peer, const Digest& digest, Instant now) {
  recent_.learn(digest.news.placements);
  peers_[peer] = {digest.loads, now};
  sum_up_peers(now);
}

void Pool::sum_up_peers(Instant now) {
  std::erase_if(peers_, [&](const auto& peer) { return now - peer.second.at > kStale; });
  // Until every gateway is heard, engines' metrics are nearer to the truth.
  if (peers_.size() + 1 < gateways_) return;
  for (Endpoint& endpoint : endpoints_) {
    endpoint.others = {};
    endpoint.others_at = now;
    endpoint.others_known = endpoint.others_told = true;
  }
  for (const auto& [id, peer] : peers_)
    for (const EndpointUnderWay& told : peer.loads)
      if (Endpoint* endpoint = find(told.endpoint)) endpoint->others += told.load;
}

Prefix Pool::look_up(std::span<const std::uint64_t> links, std::uint32_t prompt_tokens) {
  const double rare_enough = 0.5 / static_cast<double>(std::max<std::size_t>(2, endpoints_.size()));
  Prefix prefix{links, prompt_tokens, shares_.count(links, rare_enough)};
  const auto found = recent_.find(links, prefix.affinity.depth);
  if (found && find(found->endpoint)) {
    prefix.last = found->endpoint;
    prefix.known = std::min<double>(
        prompt_tokens, static_cast<double>(block_end(found->depth - 1)) / kBytesPerToken);
  }
  if (prompt_tokens > 0) follow(known_share_, prefix.known / prompt_tokens, kTrafficStep);
  return prefix;
}

double Pool::sent_by_others() const {
  if (gateways_ < 2 || peers_.size() + 1 >= gateways_) return 0;
  return std::min(1.0, known_share_ * gateways_);
}

void Pool::sent(const Prefix& prefix, Flight& flight, Instant now) {
  flight.sent_at = now;
  follow(to_compute_, flight.to_compute, kTrafficStep);
  follow(held_, flight.held, kTrafficStep);
  recent_.note(prefix.links, prefix.affinity.depth, flight.endpoint);
  Endpoint* endpoint = find(flight.endpoint);
  if (!endpoint) return;
  flight.ahead = endpoint->load(now).to_compute;
  endpoint->own += {1, flight.to_compute, flight.held};
  endpoint->unanswered_held += flight.held;
  ++endpoint->unanswered;
}

void Pool::answer(Endpoint& endpoint, const Flight& flight) {
  if (endpoint.unanswered > 0) --endpoint.unanswered;
  take(endpoint.own.to_compute, flight.to_compute);
  take(endpoint.unanswered_held, flight.held);
}

void Pool::first_byte(Flight& flight, Instant now) {
  if (flight.answered) return;
  flight.answered = true;
  Endpoint* endpoint = find(flight.endpoint);
  if (!endpoint) return;
  answer(*endpoint, flight);
  const double tokens = flight.ahead + flight.to_compute;
  if (tokens <= 0) return;
  const double pace = seconds_of(now - flight.sent_at) / tokens;
  follow(endpoint->pace, pace, endpoint->pace == 0 ? 1 : kPaceStep);
}

void Pool::finished(Flight& flight, Attempt attempt, Instant now) {
  Endpoint* endpoint = find(flight.endpoint);
  if (!endpoint) return;
  if (!flight.answered) answer(*endpoint, flight);
  flight.answered = true;
  take(endpoint->own.requests, 1);
  take(endpoint->own.held, flight.held);
  if (note(endpoint->health, attempt) && may_eject(now)) eject(endpoint->health, now);
}

bool Pool::may_eject(Instant now) const {
  const auto out = static_cast<std::size_t>(
      std::ranges::count_if(endpoints_, [&](const Endpoint& e) { return e.health.ejected(now); }));
  return out < most_ejected(endpoints_.size());
}

void Pool::close_window(Instant now) {
  const auto volume = [](const Health& h) { return h.succeeded + h.failed; };
  const auto rate = [&](const Health& h) { return h.succeeded / static_cast<double>(volume(h)); };
  std::vector<double> rates;
  for (const Endpoint& endpoint : endpoints_)
    if (volume(endpoint.health) >= kRateVolume) rates.push_back(rate(endpoint.health));
  const double floor = rate_floor(rates);
  for (Endpoint& endpoint : endpoints_) {
    Health& health = endpoint.health;
    const bool stands_out = volume(health) >= kRateVolume && rate(health) < floor;
    if (stands_out && !health.ejected(now) && may_eject(now)) eject(health, now);
    health.succeeded = health.failed = 0;
  }
}

Endpoint* Pool::find(std::uint64_t id) {
  const auto found = std::ranges::find_if(
      endpoints_, [id](const Endpoint& endpoint) { return endpoint.facts.id == id; });
  return found == endpoints_.end() ? nullptr : &*found;
}

}  // namespace slipway::gateway

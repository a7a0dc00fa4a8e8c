#include "gateway/picking/pick.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gateway/picking/rendezvous.hpp"

namespace slipway::gateway {

namespace {

// What a first look over the pool finds out.
struct Census {
  std::size_t ready = 0;    // and not terminating
  std::size_t adapted = 0;  // of those: with the adapter
  std::size_t untried = 0;  // of those
  std::size_t free = 0;     // of those: under their limit
  std::size_t healthy = 0;  // of those: not ejected
  double requests = 0;      // on the healthy and free ones, or on all free ones in panic
  double slots = 0;
  bool panic = false;
};

bool tried(const Ask& ask, const Endpoint& endpoint) {
  return std::ranges::find(ask.tried, endpoint.facts.id) != ask.tried.end();
}

// One pick: what every step of it needs.
class Choice {
 public:
  Choice(const Ask& ask, const Pool& pool, Instant now, const PickRules& rules)
      : ask_(ask), pool_(pool), now_(now), rules_(rules) {}

  tl::expected<Picked, NoPick> make();

 private:
  void take_census();
  NoPick why_none() const;
  bool eligible(const Endpoint& endpoint) const;
  bool under_limit(const Endpoint& endpoint) const;
  bool under_bound(const Endpoint& endpoint) const;
  double wait(const Endpoint& endpoint) const;
  const Endpoint* by_id(std::uint64_t id) const;
  const Endpoint* home(const Endpoint* but) const;
  const Endpoint* least_loaded(double floor) const;
  Picked spread(const Endpoint& least) const;
  Picked picked(const Endpoint& endpoint, Reason reason, double spared) const;

  const Ask& ask_;
  const Pool& pool_;
  const Instant now_;
  const PickRules& rules_;
  Census census_;
};

void Choice::take_census() {
  double all_requests = 0;
  double all_slots = 0;
  for (const Endpoint& endpoint : pool_.endpoints()) {
    if (!endpoint.facts.ready || endpoint.facts.terminating) continue;
    ++census_.ready;
    if ((endpoint.facts.adapters & ask_.adapter) != ask_.adapter) continue;
    ++census_.adapted;
    if (tried(ask_, endpoint)) continue;
    ++census_.untried;
    if (!under_limit(endpoint)) continue;
    ++census_.free;
    const double requests = endpoint.load(now_).requests;
    all_requests += requests;
    all_slots += endpoint.facts.slots;
    if (endpoint.health.ejected(now_)) continue;
    ++census_.healthy;
    census_.requests += requests;
    census_.slots += endpoint.facts.slots;
  }
  census_.panic = census_.healthy * 2 < census_.free;
  if (!census_.panic) return;
  census_.requests = all_requests;
  census_.slots = all_slots;
}

NoPick Choice::why_none() const {
  if (pool_.endpoints().empty()) return NoPick::Empty;
  if (census_.ready == 0) return NoPick::NotReady;
  if (census_.adapted == 0) return NoPick::NoAdapter;
  return census_.untried == 0 ? NoPick::AllTried : NoPick::AllBusy;
}

bool Choice::under_limit(const Endpoint& endpoint) const {
  return endpoint.load(now_).requests < rules_.limit_per_slot * endpoint.facts.slots;
}

bool Choice::eligible(const Endpoint& endpoint) const {
  return endpoint.facts.ready && !endpoint.facts.terminating &&
         (endpoint.facts.adapters & ask_.adapter) == ask_.adapter &&
         (census_.panic || !endpoint.health.ejected(now_)) && under_limit(endpoint) &&
         !tried(ask_, endpoint);
}

bool Choice::under_bound(const Endpoint& endpoint) const {
  const double part = endpoint.facts.slots / census_.slots;
  return endpoint.load(now_).requests < std::ceil(rules_.bound * (census_.requests + 1) * part);
}

double Choice::wait(const Endpoint& endpoint) const {
  const UnderWay load = endpoint.load(now_);
  return load.to_compute + rules_.request_drag * load.requests + rules_.held_drag * load.held;
}

tl::expected<Picked, NoPick> Choice::make() {
  take_census();
  const Endpoint* least = least_loaded(0);
  if (!least) return tl::unexpected(why_none());
  const Prefix& prefix = ask_.prefix;
  if (prefix.affinity.key == 0) return picked(*least, Reason::LeastLoaded, 0);
  if (prefix.affinity.common) return spread(*least);
  if (prefix.known > 0) {
    const Endpoint* last = by_id(prefix.last);
    const bool worth_it =
        last && under_bound(*last) && wait(*last) - rules_.known * prefix.known <= wait(*least);
    return worth_it ? picked(*last, Reason::Known, prefix.known)
                    : picked(*least, Reason::LeastLoaded, 0);
  }
  const Endpoint* chosen = home(nullptr);
  const bool full = !under_bound(*chosen);
  if (full) chosen = home(chosen);
  const double spared = pool_.sent_by_others() * prefix.prompt_tokens;
  if (!chosen || wait(*chosen) - rules_.unknown * spared > wait(*least))
    return picked(*least, Reason::LeastLoaded, 0);
  return picked(*chosen, full ? Reason::SecondHome : Reason::Home, 0);
}

// A prefix that is common to its end is in the caches of as many homes as its share of traffic
// keeps warm: any of them will do.
Picked Choice::spread(const Endpoint& least) const {
  const double homes =
      std::ceil(2 * ask_.prefix.affinity.share * static_cast<double>(census_.ready));
  const double part = std::min(1.0, std::max(2.0, homes) / static_cast<double>(census_.ready));
  const Endpoint* chosen = least_loaded(1 - part);
  return picked(chosen ? *chosen : least, chosen ? Reason::Home : Reason::LeastLoaded,
                chosen ? ask_.prefix.prompt_tokens : 0);
}

// The eligible endpoint with that id; null: there is none.
const Endpoint* Choice::by_id(std::uint64_t id) const {
  for (const Endpoint& endpoint : pool_.endpoints())
    if (endpoint.facts.id == id) return eligible(endpoint) ? &endpoint : nullptr;
  return nullptr;
}

// The eligible endpoint with the highest score for the key; null: there is none besides `but`.
const Endpoint* Choice::home(const Endpoint* but) const {
  const Endpoint* best = nullptr;
  double highest = 0;
  for (const Endpoint& endpoint : pool_.endpoints()) {
    if (&endpoint == but || !eligible(endpoint)) continue;
    const std::uint64_t drawn = draw(ask_.prefix.affinity.key, endpoint.facts.id);
    const double here = pool_.weighted() ? score(drawn, endpoint.facts.slots) : unit(drawn);
    if (best && here <= highest) continue;
    best = &endpoint;
    highest = here;
  }
  return best;
}

// The eligible endpoint where least waits, of those that drew at least `floor` (in [0, 1)) for the
// affinity key; null: there is none.
const Endpoint* Choice::least_loaded(double floor) const {
  const Endpoint* best = nullptr;
  double least = 0;
  std::uint64_t tie = 0;
  for (const Endpoint& endpoint : pool_.endpoints()) {
    if (!eligible(endpoint)) continue;
    if (floor > 0 && unit(draw(ask_.prefix.affinity.key, endpoint.facts.id)) < floor) continue;
    const double here = wait(endpoint);
    const std::uint64_t drawn = draw(ask_.random, endpoint.facts.id);
    if (best && (here > least || (here == least && drawn <= tie))) continue;
    best = &endpoint;
    least = here;
    tie = drawn;
  }
  return best;
}

Picked Choice::picked(const Endpoint& endpoint, Reason reason, double spared) const {
  Picked picked{.flight = {}, .reason = reason, .panic = census_.panic};
  picked.flight.endpoint = endpoint.facts.id;
  picked.flight.to_compute = ask_.prefix.prompt_tokens - spared;
  picked.flight.held = ask_.prefix.prompt_tokens + ask_.answer_tokens;
  return picked;
}

}  // namespace

const char* to_string(Reason reason) {
  switch (reason) {
    case Reason::Known:
      return "known";
    case Reason::Home:
      return "home";
    case Reason::SecondHome:
      return "second-home";
    case Reason::LeastLoaded:
      return "least-loaded";
  }
  return "?";
}

const char* to_string(NoPick cause) {
  switch (cause) {
    case NoPick::Empty:
      return "empty";
    case NoPick::NotReady:
      return "not-ready";
    case NoPick::NoAdapter:
      return "no-adapter";
    case NoPick::AllTried:
      return "all-tried";
    case NoPick::AllBusy:
      return "all-busy";
  }
  return "?";
}

tl::expected<Picked, NoPick> pick(const Ask& ask, const Pool& pool, Instant now,
                                  const PickRules& rules) {
  return Choice(ask, pool, now, rules).make();
}

}  // namespace slipway::gateway

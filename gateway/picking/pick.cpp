#include "gateway/picking/pick.hpp"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cmath>

#include "gateway/picking/rendezvous.hpp"

namespace slipway::gateway {

namespace {

// An endpoint that the request may go to.
struct Candidate {
  const Endpoint* endpoint = nullptr;
  double requests = 0;
  double wait = 0;  // tokens, and what stands for others
  bool ejected = false;
};

using Candidates = boost::container::small_vector<Candidate, 32>;

// How many endpoints each filter left over.
struct Census {
  std::size_t ready = 0;
  std::size_t adapted = 0;
  std::size_t untried = 0;
};

// One pick: what every step of it needs.
class Choice {
 public:
  Choice(const Ask& ask, const Pool& pool, Instant now, const PickRules& rules)
      : ask_(ask), pool_(pool), now_(now), rules_(rules) {}

  tl::expected<Picked, NoPick> make();

 private:
  void look_around();
  void leave_out_ejected();
  NoPick why_none() const;
  bool under_bound(const Candidate& candidate) const;
  const Candidate* by_id(std::uint64_t id) const;
  const Candidate* home(const Candidate* but) const;
  const Candidate* least_loaded(double floor) const;
  Picked go_back(const Candidate& least) const;
  Picked go_home(const Candidate& least) const;
  Picked spread(const Candidate& least) const;
  Picked picked(const Candidate& candidate, Reason reason, double spared) const;

  const Ask& ask_;
  const Pool& pool_;
  const Instant now_;
  const PickRules& rules_;
  Census census_;
  Candidates candidates_;
  double requests_ = 0;  // on all candidates
  double slots_ = 0;
  bool panic_ = false;
};

tl::expected<Picked, NoPick> Choice::make() {
  look_around();
  leave_out_ejected();
  const Candidate* least = least_loaded(0);
  if (!least) return tl::unexpected(why_none());
  const Prefix& prefix = ask_.prefix;
  if (prefix.affinity.key == 0) return picked(*least, Reason::LeastLoaded, 0);
  if (prefix.affinity.common) return spread(*least);
  return prefix.known > 0 ? go_back(*least) : go_home(*least);
}

void Choice::look_around() {
  for (const Endpoint& endpoint : pool_.endpoints()) {
    if (!endpoint.facts.ready || endpoint.facts.terminating) continue;
    ++census_.ready;
    if ((endpoint.facts.adapters & ask_.adapter) != ask_.adapter) continue;
    ++census_.adapted;
    if (std::ranges::find(ask_.tried, endpoint.facts.id) != ask_.tried.end()) continue;
    ++census_.untried;
    const UnderWay load = endpoint.load(now_);
    if (load.requests >= rules_.limit_per_slot * endpoint.facts.slots) continue;
    const double wait =
        load.to_compute + rules_.request_drag * load.requests + rules_.held_drag * load.held;
    candidates_.push_back({&endpoint, load.requests, wait, endpoint.health.ejected(now_)});
  }
}

void Choice::leave_out_ejected() {
  const auto ejected = [](const Candidate& candidate) { return candidate.ejected; };
  const auto out = static_cast<std::size_t>(std::ranges::count_if(candidates_, ejected));
  panic_ = out * 2 > candidates_.size();
  if (out > 0 && !panic_)
    candidates_.erase(std::remove_if(candidates_.begin(), candidates_.end(), ejected),
                      candidates_.end());
  for (const Candidate& candidate : candidates_) {
    requests_ += candidate.requests;
    slots_ += candidate.endpoint->facts.slots;
  }
  // The same tokens are done sooner where more requests run at once.
  const double mean = slots_ / static_cast<double>(candidates_.size());
  for (Candidate& candidate : candidates_) candidate.wait *= mean / candidate.endpoint->facts.slots;
}

NoPick Choice::why_none() const {
  if (pool_.endpoints().empty()) return NoPick::Empty;
  if (census_.ready == 0) return NoPick::NotReady;
  if (census_.adapted == 0) return NoPick::NoAdapter;
  return census_.untried == 0 ? NoPick::AllTried : NoPick::AllBusy;
}

bool Choice::under_bound(const Candidate& candidate) const {
  const double part = candidate.endpoint->facts.slots / slots_;
  const double most = std::ceil(rules_.bound * (requests_ + 1) * part);
  return candidate.requests < std::max(rules_.few, most);
}

// To the endpoint that got most of the prompt before, unless too much waits there.
Picked Choice::go_back(const Candidate& least) const {
  const Prefix& prefix = ask_.prefix;
  const Candidate* last = by_id(prefix.last);
  // What a crowd shares is soon warm elsewhere as well, and what one conversation has is not.
  const double lone = std::max(0.0, 1 - rules_.crowd * prefix.affinity.crowd);
  const double worth = (1 + (rules_.known - 1) * lone) * prefix.known;
  if (!last || !under_bound(*last) || last->wait - worth > least.wait)
    return picked(least, Reason::LeastLoaded, 0);
  return picked(*last, Reason::Known, prefix.known);
}

// To where every gateway would send it. Nothing is known to be there, so that the whole prompt is
// expected to be computed.
Picked Choice::go_home(const Candidate& least) const {
  const Candidate* chosen = home(nullptr);
  const bool full = !under_bound(*chosen);
  if (full) chosen = home(chosen);
  const double likely = pool_.sent_by_others() * ask_.prefix.prompt_tokens;
  if (!chosen || chosen->wait - rules_.unknown * likely > least.wait)
    return picked(least, Reason::LeastLoaded, 0);
  return picked(*chosen, full ? Reason::SecondHome : Reason::Home, 0);
}

// A prefix that is common to its end is in the caches of as many homes as its share of traffic
// keeps warm, and at least of two: any of them will do.
Picked Choice::spread(const Candidate& least) const {
  const auto all = static_cast<double>(candidates_.size());
  const double homes = std::max(2.0, std::ceil(2 * ask_.prefix.affinity.share * all));
  const Candidate* chosen = least_loaded(std::max(0.0, 1 - homes / all));
  if (!chosen || !under_bound(*chosen)) return picked(least, Reason::LeastLoaded, 0);
  return picked(*chosen, Reason::Home, ask_.prefix.prompt_tokens);
}

const Candidate* Choice::by_id(std::uint64_t id) const {
  for (const Candidate& candidate : candidates_)
    if (candidate.endpoint->facts.id == id) return &candidate;
  return nullptr;
}

// The candidate with the highest score for the affinity key; null: there is none besides `but`.
const Candidate* Choice::home(const Candidate* but) const {
  const Candidate* best = nullptr;
  double highest = 0;
  for (const Candidate& candidate : candidates_) {
    if (&candidate == but) continue;
    const EndpointFacts& facts = candidate.endpoint->facts;
    const std::uint64_t drawn = draw(ask_.prefix.affinity.key, facts.id);
    const double here = pool_.weighted() ? score(drawn, facts.slots) : unit(drawn);
    if (best && here <= highest) continue;
    best = &candidate;
    highest = here;
  }
  return best;
}

// Where least waits, of the candidates that drew at least `floor` (in [0, 1)) for the affinity key;
// null: there is none. Which one of those that tie depends on the request's random number.
const Candidate* Choice::least_loaded(double floor) const {
  const auto tie = [&](const Candidate& c) { return draw(ask_.random, c.endpoint->facts.id); };
  const Candidate* best = nullptr;
  for (const Candidate& candidate : candidates_) {
    const std::uint64_t id = candidate.endpoint->facts.id;
    if (floor > 0 && unit(draw(ask_.prefix.affinity.key, id)) < floor) continue;
    if (best && candidate.wait > best->wait) continue;
    if (best && candidate.wait == best->wait && tie(candidate) < tie(*best)) continue;
    best = &candidate;
  }
  return best;
}

Picked Choice::picked(const Candidate& candidate, Reason reason, double spared) const {
  Picked picked{.flight = {}, .reason = reason, .panic = panic_};
  picked.flight.endpoint = candidate.endpoint->facts.id;
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

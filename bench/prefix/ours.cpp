#include <random>

#include "bench/prefix/policy.hpp"
#include "gateway/picking/pick.hpp"
#include "gateway/picking/rendezvous.hpp"

namespace slipway::bench {

namespace {

gateway::Instant instant(double seconds) {
  return gateway::Instant(static_cast<std::int64_t>(seconds * 1e9));
}

// The gateway's own picker, told what a gateway would tell it.
class Picking : public Policy {
 public:
  Picking(const Setting& setting, std::uint64_t seed, const gateway::PickRules& rules, bool digests)
      : setting_(setting),
        rules_(rules),
        digests_(digests),
        flights_(setting.trace.requests.size()),
        random_(seed) {
    std::vector<gateway::EndpointFacts> facts;
    facts.reserve(setting.engines);
    for (std::uint32_t i = 0; i < setting.engines; ++i)
      facts.push_back({.id = i,
                       .slots = setting.model.slots,
                       .kv_tokens = setting.model.kv_tokens,
                       .ready = true});
    pool_.update(facts);
    pool_.spread_over(setting.gateways);
  }
  std::uint32_t choose(std::uint32_t request, double now) override {
    const Request& asked = setting_.trace.requests[request];
    gateway::Ask ask;
    ask.prefix = pool_.look_up(asked.chain, asked.input);
    ask.answer_tokens = 300;
    ask.random = random_();
    const auto picked = gateway::pick(ask, pool_, instant(now), rules_);
    // A gateway would answer 429 here; the others have no such limit, so nor has this.
    flights_[request] =
        picked ? picked->flight : gateway::Flight{.endpoint = random_() % setting_.engines};
    pool_.sent(ask.prefix, flights_[request], instant(now));
    return static_cast<std::uint32_t>(flights_[request].endpoint);
  }
  void first_token(std::uint32_t request, double now) override {
    pool_.first_byte(flights_[request], instant(now));
  }
  void finished(std::uint32_t request, std::uint32_t, double now) override {
    pool_.finished(flights_[request], gateway::Attempt::Succeeded, instant(now));
  }
  void scraped(std::uint32_t engine, const Metrics& metrics, double now) override {
    pool_.scraped(engine, {metrics.queued, metrics.running, static_cast<float>(metrics.kv_used),
                           instant(now)});
  }
  void hear(const Policy& peer, std::uint32_t number, double now) override {
    if (!digests_) return;
    heard_.resize(setting_.gateways);
    const gateway::Digest digest = static_cast<const Picking&>(peer).pool_.digest(heard_[number]);
    heard_[number] = digest.news.next;
    pool_.absorb(number, digest, instant(now));
  }

 private:
  const Setting setting_;
  const gateway::PickRules rules_;
  const bool digests_;
  gateway::Pool pool_;
  std::vector<gateway::Flight> flights_;
  std::vector<std::uint64_t> heard_;  // by gateway: what to ask it for the next time
  std::mt19937_64 random_;
};

}  // namespace

Contender ours(const gateway::PickRules& rules, bool digests) {
  return {digests ? "ours, digests" : "ours",
          [=](const Setting& setting, std::uint64_t seed) -> std::unique_ptr<Policy> {
            return std::make_unique<Picking>(setting, seed, rules, digests);
          }};
}

}  // namespace slipway::bench

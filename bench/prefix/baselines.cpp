#include <algorithm>
#include <array>
#include <cmath>
#include <list>
#include <map>
#include <random>
#include <unordered_map>

#include "bench/prefix/policy.hpp"
#include "gateway/picking/rendezvous.hpp"

namespace slipway::bench {

namespace {

class Random : public Policy {
 public:
  Random(const Setting& setting, std::uint64_t seed)
      : random_(seed), any_(0, setting.engines - 1) {}
  std::uint32_t choose(std::uint32_t, double) override { return any_(random_); }

 private:
  std::mt19937_64 random_;
  std::uniform_int_distribution<std::uint32_t> any_;
};

class RoundRobin : public Policy {
 public:
  RoundRobin(const Setting& setting, std::uint64_t seed)
      : engines_(setting.engines), next_(static_cast<std::uint32_t>(seed % engines_)) {}
  std::uint32_t choose(std::uint32_t, double) override { return next_ = (next_ + 1) % engines_; }

 private:
  const std::uint32_t engines_;
  std::uint32_t next_;
};

// Fewest requests of its own; any of those that tie.
class LeastRequest : public Policy {
 public:
  LeastRequest(const Setting& setting, std::uint64_t seed)
      : in_flight_(setting.engines), random_(seed) {}
  std::uint32_t choose(std::uint32_t, double) override {
    const std::uint32_t least = *std::ranges::min_element(in_flight_);
    std::vector<std::uint32_t> ties;
    for (std::uint32_t i = 0; i < in_flight_.size(); ++i)
      if (in_flight_[i] == least) ties.push_back(i);
    const std::uint32_t chosen = ties[random_() % ties.size()];
    ++in_flight_[chosen];
    return chosen;
  }
  void finished(std::uint32_t, std::uint32_t engine, double) override { --in_flight_[engine]; }

 private:
  std::vector<std::uint32_t> in_flight_;
  std::mt19937_64 random_;
};

// Consistent hashing with bounded loads: 256 places on the ring for each engine, at most 1.25 times
// the mean load in requests; where nobody is below that, the first on the ring.
class BoundedRing : public Policy {
 public:
  enum class Key { Prompt, FirstUserMessage };
  BoundedRing(const Setting& setting, Key key)
      : setting_(setting), key_(key), load_(setting.engines) {
    for (std::uint32_t engine = 0; engine < setting.engines; ++engine)
      for (std::uint64_t place = 0; place < 256; ++place)
        ring_[gateway::draw(place, engine)] = engine;
  }
  std::uint32_t choose(std::uint32_t request, double) override {
    const Request& asked = setting_.trace.requests[request];
    const std::uint64_t key =
        gateway::mix(1 + (key_ == Key::Prompt ? asked.blocks[0] : asked.user));
    auto place = ring_.lower_bound(key);
    std::uint32_t chosen = place == ring_.end() ? ring_.begin()->second : place->second;
    const double bound = 1.25 * (total_ + 1) / setting_.engines;
    for (std::size_t i = 0; i < ring_.size(); ++i, ++place) {
      if (place == ring_.end()) place = ring_.begin();
      if (total_ > 0 && load_[place->second] + 1 > bound) continue;
      chosen = place->second;
      break;
    }
    ++load_[chosen];
    ++total_;
    return chosen;
  }
  void finished(std::uint32_t, std::uint32_t engine, double) override {
    --load_[engine];
    --total_;
  }

 private:
  const Setting setting_;
  const Key key_;
  std::map<std::uint64_t, std::uint32_t> ring_;
  std::vector<double> load_;
  double total_ = 0;
};

// What one engine is believed to have in its prefix cache: the blocks last sent, as many as fit.
class Believed {
 public:
  bool has(std::uint32_t block) const { return places_.contains(block); }
  void use(std::uint32_t block) {
    const auto held = places_.find(block);
    if (held != places_.end()) order_.erase(held->second);
    order_.push_back(block);
    places_[block] = std::prev(order_.end());
    if (places_.size() <= kBlocks) return;
    places_.erase(order_.front());
    order_.pop_front();
  }

 private:
  // 31,250 blocks of 64 bytes.
  static constexpr auto kBlocks =
      static_cast<std::size_t>(31'250 * 64 / (kBlockTokens * kBytesPerToken));
  std::list<std::uint32_t> order_;
  std::unordered_map<std::uint32_t, std::list<std::uint32_t>::iterator> places_;
};

// Highest sum of 3 x the share of the prompt's first 16 kB that an engine is believed to have, 1 x
// how short its queue is among all, and 1 x its free KV memory (the last two as scraped).
class PrefixScorer : public Policy {
 public:
  PrefixScorer(const Setting& setting, std::uint64_t seed)
      : setting_(setting), believed_(setting.engines), metrics_(setting.engines), random_(seed) {}
  std::uint32_t choose(std::uint32_t request, double) override {
    const Request& asked = setting_.trace.requests[request];
    const auto seen = std::min<std::size_t>(
        asked.blocks.size(), static_cast<std::size_t>(std::ceil(kSeenTokens / kBlockTokens)));
    std::uint32_t shortest = UINT32_MAX;
    std::uint32_t longest = 0;
    for (const Metrics& metrics : metrics_) {
      shortest = std::min(shortest, metrics.queued);
      longest = std::max(longest, metrics.queued);
    }
    double highest = -1;
    std::vector<std::uint32_t> ties;
    for (std::uint32_t i = 0; i < setting_.engines; ++i) {
      std::size_t hits = 0;
      while (hits < seen && believed_[i].has(asked.blocks[hits])) ++hits;
      const double queue = longest == shortest ? 1
                                               : static_cast<double>(longest - metrics_[i].queued) /
                                                     (longest - shortest);
      const double score = 3.0 * static_cast<double>(hits) / static_cast<double>(seen) + queue +
                           (1 - metrics_[i].kv_used);
      if (score > highest) ties.clear();
      if (score >= highest) ties.push_back(i);
      highest = std::max(highest, score);
    }
    const std::uint32_t chosen = ties[random_() % ties.size()];
    for (std::size_t i = seen; i > 0; --i) believed_[chosen].use(asked.blocks[i - 1]);
    return chosen;
  }
  void scraped(std::uint32_t engine, const Metrics& metrics, double) override {
    metrics_[engine] = metrics;
  }

 private:
  static constexpr double kSeenTokens = 256 * 64 / kBytesPerToken;
  const Setting setting_;
  std::vector<Believed> believed_;
  std::vector<Metrics> metrics_;
  std::mt19937_64 random_;
};

template <class Kind, class... More>
Contender contender(const char* name, More... more) {
  return {name, [more...](const Setting& setting, std::uint64_t seed) -> std::unique_ptr<Policy> {
            if constexpr (sizeof...(More) > 0)
              return std::make_unique<Kind>(setting, more...);
            else
              return std::make_unique<Kind>(setting, seed);
          }};
}

}  // namespace

std::vector<Contender> baselines() {
  return {contender<Random>("random"),
          contender<RoundRobin>("round robin"),
          contender<LeastRequest>("least request"),
          contender<BoundedRing>("ring, prompt", BoundedRing::Key::Prompt),
          contender<BoundedRing>("ring, user", BoundedRing::Key::FirstUserMessage),
          contender<PrefixScorer>("16 kB scorer")};
}

}  // namespace slipway::bench

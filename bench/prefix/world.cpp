#include "bench/prefix/world.hpp"

#include <algorithm>
#include <random>

namespace slipway::bench {

namespace {

double quantile(std::vector<double>& values, double q) {
  const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + at);
  return values[static_cast<std::size_t>(at)];
}

class World {
 public:
  World(const Trace& trace, const Layout& layout, const Contender& contender, std::uint64_t seed)
      : trace_(trace),
        layout_(layout),
        engines_(layout.engines, Engine(layout.model, trace)),
        news_(layout.engines),
        placed_(trace.requests.size()),
        random_(seed) {
    const Setting setting{trace, layout_.model, layout.engines, layout.gateways};
    for (std::uint32_t i = 0; i < layout.gateways; ++i)
      gateways_.push_back(contender.make(setting, seed * 1000 + i));
  }

  Measured run();

 private:
  struct Placed {
    std::uint32_t gateway = 0, engine = 0, cached = 0;
    double waited = -1;  // for the first token
  };
  void advance(double now);
  void scrape(std::uint32_t gateway, double now);
  Measured measure();

  const Trace& trace_;
  const Layout layout_;
  std::vector<Engine> engines_;
  std::vector<std::unique_ptr<Policy>> gateways_;
  std::vector<std::vector<Event>> news_;
  std::vector<Event> due_;  // a heap, the earliest first
  std::vector<Placed> placed_;
  std::mt19937_64 random_;
};

constexpr auto kLater = [](const Event& a, const Event& b) { return a.at > b.at; };

// Lets all engines go on, and tells the gateways what they saw by `now`.
void World::advance(double now) {
  for (std::uint32_t i = 0; i < engines_.size(); ++i) {
    news_[i].clear();
    engines_[i].run(now, news_[i]);
    for (const Event& event : news_[i]) {
      due_.push_back(event);
      std::ranges::push_heap(due_, kLater);
    }
  }
  while (!due_.empty() && due_.front().at <= now) {
    const Event event = due_.front();
    std::ranges::pop_heap(due_, kLater);
    due_.pop_back();
    Placed& placed = placed_[event.request];
    Policy& gateway = *gateways_[placed.gateway];
    if (event.first) {
      placed.waited = event.at - trace_.requests[event.request].at;
      placed.cached = event.cached;
      gateway.first_token(event.request, event.at);
    } else {
      gateway.finished(event.request, placed.engine, event.at);
    }
  }
}

// Every gateway looks at all engines once in a round, each gateway at its own time.
void World::scrape(std::uint32_t gateway, double now) {
  for (std::uint32_t i = 0; i < engines_.size(); ++i)
    gateways_[gateway]->scraped(
        i, {engines_[i].queued(), engines_[i].running(), engines_[i].kv_used()}, now);
  for (std::uint32_t i = 0; i < gateways_.size(); ++i)
    if (i != gateway) gateways_[gateway]->hear(*gateways_[i], i, now);
}

Measured World::run() {
  double next_scrape = 0;
  std::uint32_t scraper = 0;
  for (std::uint32_t i = 0; i < trace_.requests.size(); ++i) {
    const double now = trace_.requests[i].at;
    for (; next_scrape <= now; next_scrape += layout_.scrape / layout_.gateways) {
      advance(next_scrape);
      scrape(scraper, next_scrape);
      scraper = (scraper + 1) % layout_.gateways;
    }
    advance(now);
    Placed& placed = placed_[i];
    placed.gateway = static_cast<std::uint32_t>(random_() % layout_.gateways);
    placed.engine = gateways_[placed.gateway]->choose(i, now);
    engines_[placed.engine].add(i, now);
  }
  constexpr double kTheEnd = 1e9;
  advance(kTheEnd);
  return measure();
}

Measured World::measure() {
  Measured measured;
  std::vector<double> waits;
  double cached = 0;
  double tokens = 0;
  for (std::size_t i = trace_.requests.size() / 10; i < trace_.requests.size(); ++i) {
    waits.push_back(placed_[i].waited);
    cached += placed_[i].cached;
    tokens += trace_.requests[i].input;
  }
  measured.hit_rate = cached / tokens;
  measured.p50 = quantile(waits, 0.5);
  measured.p99 = quantile(waits, 0.99);
  return measured;
}

}  // namespace

Measured replay(const Trace& trace, const Layout& layout, const Contender& contender,
                std::uint64_t seed) {
  return World(trace, layout, contender, seed).run();
}

double capacity(const Trace& trace, const Layout& layout) {
  std::vector<Engine> engines(layout.engines, Engine(layout.model, trace));
  std::vector<Event> events;
  for (std::uint32_t i = 0; i < trace.requests.size(); ++i) engines[i % layout.engines].add(i, 0);
  for (Engine& engine : engines) engine.run(1e9, events);
  double busy = 0;  // s, over all engines: how evenly the deal came out does not matter
  for (const Engine& engine : engines) busy += engine.clock();
  return static_cast<double>(trace.requests.size()) * layout.engines / busy;
}

}  // namespace slipway::bench

// Where requests go decides what prefix caches are worth: replays traces against simulated engines
// and prints how each way of choosing does. The rules' numbers were tuned on the first half of the
// conversation trace; `PickRules::crowd` is there because of the 40 system prompts. The other
// traces were watched on the way, and nothing was chosen by them; that of 200 came last.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "bench/prefix/verdict.hpp"
#include "bench/prefix/world.hpp"

namespace slipway::bench {
namespace {

struct Options {
  std::string trace = "../shared/data/mooncake/conversation_trace.jsonl";
  std::vector<int> loads = {30, 50, 70, 90, 100};
  std::vector<std::uint32_t> gateways = {1, 8};
  int seeds = 5;
  bool tuning = false;
  bool cost = false;
  gateway::PickRules rules;
  Layout layout;
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

// Every number by itself.
Measured median(const std::vector<Measured>& runs) {
  const auto of = [&](double Measured::* member) {
    std::vector<double> values;
    for (const Measured& run : runs) values.push_back(run.*member);
    return median(std::move(values));
  };
  return {of(&Measured::hit_rate), of(&Measured::p50), of(&Measured::p99)};
}

Measured cell(const Trace& trace, const Layout& layout, const Contender& contender, double rate,
              int seeds) {
  std::vector<Measured> runs;
  for (int i = 1; i <= seeds; ++i) {
    const auto seed = static_cast<std::uint64_t>(i);
    runs.push_back(replay(paced(trace, rate, seed), layout, contender, seed));
  }
  return median(runs);
}

void heading(const Trace& trace, const Layout& layout, double full, const std::vector<int>& loads) {
  fmt::print("\n{}: {} requests, {} engines, {} gateway{}, 100 % = {:.2f} requests/s\n{:<14}",
             trace.name, trace.requests.size(), layout.engines, layout.gateways,
             layout.gateways == 1 ? "" : "s", full, "");
  for (const int load : loads) fmt::print(" | {:>11} % load ", load);
  fmt::print("\n{:<14}", "");
  for (std::size_t i = 0; i < loads.size(); ++i) fmt::print(" |  hit  p50 s  p99 s");
  fmt::print("\n");
}

Table compare(const Trace& trace, const Options& options, std::uint32_t gateways) {
  Layout layout = options.layout;
  layout.gateways = gateways;
  std::vector<Contender> contenders = baselines();
  contenders.push_back(ours(options.rules, false));
  if (gateways > 1) contenders.push_back(ours(options.rules, true));
  const double full = capacity(trace, layout);
  heading(trace, layout, full, options.loads);
  Table table{gateways, options.loads, {}};
  for (const Contender& contender : contenders) {
    fmt::print("{:<14}", contender.name);
    Row row{contender.name, {}};
    for (const int load : options.loads) {
      row.cells.push_back(cell(trace, layout, contender, full * load / 100, options.seeds));
      const Measured& now = row.cells.back();
      fmt::print(" | {:.3f} {:>6.2f} {:>6.2f}", now.hit_rate, now.p50, now.p99);
    }
    fmt::print("\n");
    std::fflush(stdout);
    table.rows.push_back(std::move(row));
  }
  return table;
}

void compare(const Trace& trace, const Options& options) {
  std::vector<Table> tables;
  for (const std::uint32_t gateways : options.gateways)
    tables.push_back(compare(trace, options, gateways));
  print_verdicts(tables);
}

std::vector<Synthetic> synthetics() {
  return {{.name = "made up: 40 system prompts, one turn", .system_prompts = 40},
          {.name = "made up: conversations of 5 turns",
           .system_prompts = 10,
           .system_blocks = 2,
           .mean_turns = 5},
          {.name = "made up: 200 system prompts, two turns",
           .system_prompts = 200,
           .system_blocks = 8,
           .mean_turns = 2},
          {.name = "made up: nothing shared", .system_blocks = 0, .mean_new_tokens = 4000}};
}

// The time that a decision takes, with 16 endpoints of which each has requests under way.
void cost(const Trace& trace, const Options& options) {
  gateway::Pool pool;
  std::vector<gateway::EndpointFacts> facts;
  for (std::uint64_t id = 0; id < 16; ++id) facts.push_back({.id = id, .slots = 64, .ready = true});
  pool.update(facts);
  using Clock = std::chrono::steady_clock;
  std::vector<double> looking;
  std::vector<double> picking;
  std::vector<gateway::Flight> flights;
  const auto ns = [](Clock::duration spent) {
    return std::chrono::duration<double, std::nano>(spent).count();
  };
  for (std::size_t i = 0; i < trace.requests.size(); ++i) {
    const Request& request = trace.requests[i];
    const gateway::Instant now = std::chrono::milliseconds(i);
    const auto start = Clock::now();
    const gateway::Prefix prefix = pool.look_up(request.chain, request.input);
    const auto looked = Clock::now();
    const auto picked = gateway::pick({.prefix = prefix, .random = i}, pool, now, options.rules);
    picking.push_back(ns(Clock::now() - looked));
    looking.push_back(ns(looked - start));
    flights.push_back(picked.value().flight);
    pool.sent(prefix, flights.back(), now);
    if (i >= 100) pool.finished(flights[i - 100], gateway::Attempt::Succeeded, now);
  }
  fmt::print(
      "\n16 endpoints, prompts of the trace, medians: prefix looked up in {:.0f} ns, endpoint "
      "picked in {:.0f} ns (of it a look at the clock)\n",
      median(looking), median(picking));
}

int run(const Options& options) {
  const Result<Trace> whole = read_mooncake(options.trace);
  if (!whole) {
    fmt::print(stderr, "{}\n", whole.error().what);
    return EXIT_FAILURE;
  }
  cost(*whole, options);
  if (options.cost) return EXIT_SUCCESS;
  const std::size_t size = whole->requests.size();
  compare(part(*whole, 0, size / 2, "conversation, first half (tuned on)"), options);
  if (options.tuning) return EXIT_SUCCESS;
  compare(part(*whole, size / 2, size, "conversation, second half"), options);
  for (const Synthetic& traffic : synthetics()) compare(make(traffic, 1), options);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace slipway::bench

int main(int argc, char** argv) {
  slipway::bench::Options options;
  CLI::App app("Compares ways to choose an engine by their prefix hits and times to first token");
  app.add_option("--trace", options.trace, "Mooncake trace");
  app.add_option("--loads", options.loads, "Per cent of capacity");
  app.add_option("--gateways", options.gateways, "Numbers of gateways with views of their own");
  app.add_option("--engines", options.layout.engines, "Engines in the pool");
  app.add_option("--scrape", options.layout.scrape, "Seconds between two looks at metrics");
  app.add_option("--seeds", options.seeds, "Runs of each cell; medians are printed");
  app.add_flag("--cost", options.cost, "Only the time that a decision takes");
  app.add_flag("--tuning", options.tuning, "The first half of the trace only");
  app.add_option("--bound", options.rules.bound, "See PickRules, here and below");
  app.add_option("--known", options.rules.known);
  app.add_option("--unknown", options.rules.unknown);
  app.add_option("--request-drag", options.rules.request_drag);
  app.add_option("--held-drag", options.rules.held_drag);
  CLI11_PARSE(app, argc, argv);
  return slipway::bench::run(options);
}

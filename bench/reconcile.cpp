// Times the controller's own work, without a network: a service is brought to rest in the
// simulation, what the simulated API server holds is fed to a cache, and then reconcile and
// executor look at it again and again. An executor that sent anything would be an error.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "controller/cache/cache.hpp"
#include "controller/runtime/executor.hpp"
#include "controller/runtime/fake_api.hpp"
#include "controller/sim/world.hpp"
#include "crds/base/check.hpp"
#include "reconcilers/reconcile.hpp"

namespace slipway {
namespace {

constexpr int kRounds = 5000;
constexpr double kTarget = 50;  // us

double median_us(const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    times.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
            .count());
  }
  const auto middle = times.begin() + times.size() / 2;
  std::ranges::nth_element(times, middle);
  return *middle;
}

void row(const std::string& what, double us, const std::string& target = "") {
  fmt::print("{:<44} {:8.1f} us  {}\n", what, us, target);
}

std::string padded(const Json& object) {
  std::string text = object.dump();
  text.resize(text.size() + kube::kJsonPadding);
  return text;
}

kube::Seen seen(const std::string& padded) {
  return {kube::Change::Modified,
          std::string_view(padded).substr(0, padded.size() - kube::kJsonPadding)};
}

const ObjectRef kService = sim::Users::service("default", "chat");

void bring_to_rest(sim::World& world) {
  Json spec = sim::Users::good_spec("model");
  spec["replicas"] = {{"min", 1}, {"max", 2}};
  world.users().create(kService, spec);
  world.settle();
  SLIPWAY_CHECK(world.failure().empty() && world.ready(kService), "nothing disturbs this world");
}

void run() {
  sim::World world(1, sim::kNoFaults);
  bring_to_rest(world);
  Cache cache;
  std::map<std::string, std::string> events;
  for (const Json* object : world.server().everything()) {
    const std::string kind = object->at("kind");
    const auto watched = watched_kind(object->at("apiVersion").get<std::string>(), kind);
    if (!watched) continue;
    events[kind] = padded(*object);
    (void)cache.ingest(*watched, seen(events[kind]));
  }

  FakeApi api;
  SoleLeader leader;
  Executor executor(api, cache, leader);
  const Settings settings{"localhost/slipway:dev"};
  const Key key{ReconcileKind::InferenceService, "default", "chat"};
  const Moment now{Time(std::chrono::hours(500'000)), std::chrono::hours(1)};
  Plan plan;
  const double deciding =
      median_us([&] { plan = reconcile(key, cache, settings, std::nullopt, now.wall); });
  const auto compare = [&] {
    const Outcome outcome = executor.execute(key, plan, now);
    SLIPWAY_CHECK(!outcome.failure && api.calls.empty(), "the service is at rest");
  };
  const double comparing = median_us(compare);
  row("a look with nothing to do: deciding", deciding);
  row("  comparing with what is there", comparing);
  const double both = deciding + comparing;
  row("  together", both,
      fmt::format("target {} us: {}", kTarget, both <= kTarget ? "met" : "missed"));

  std::uint64_t version = 1'000'000;
  for (const auto& [kind, event] : events) {
    Json object = Json::parse(std::string_view(event).substr(0, event.size() - kube::kJsonPadding));
    const Watched watched = *watched_kind(object.at("apiVersion").get<std::string>(), kind);
    std::vector<std::string> newer;
    for (int i = 0; i < kRounds; ++i) {
      object["metadata"]["resourceVersion"] = std::to_string(++version);
      newer.push_back(padded(object));
    }
    auto next = newer.begin();
    row(fmt::format("event of a {} ({} bytes)", kind, event.size() - kube::kJsonPadding),
        median_us([&] { (void)cache.ingest(watched, seen(*next++)); }));
  }
}

}  // namespace
}  // namespace slipway

int main() {
  slipway::run();
  return EXIT_SUCCESS;
}

#include "controller/sim/campaign.hpp"

#include <fmt/format.h>

#include <set>

#include "controller/cache/guarded.hpp"
#include "controller/sim/election.hpp"
#include "controller/sim/end_state.hpp"
#include "controller/sim/in_parallel.hpp"
#include "controller/sim/world.hpp"

namespace slipway::sim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr int kSteps = 600;

// The state that a cluster without any faults reaches when it is given these services.
Json fresh_state(std::uint64_t seed, const std::vector<Json>& services) {
  World fresh(seed, kNoFaults);
  for (const Json& service : services) fresh.users().create(ref_of(service), service.at("spec"));
  fresh.calm();
  return end_state(fresh.server());
}

// What must be true once everything is calm; empty if it is.
std::string judge_calm(World& world, std::uint64_t seed) {
  if (std::string failure = world.failure(); !failure.empty()) return failure;
  const std::vector<Json> services = world.users().services();
  for (const Json& service : services) {
    const ObjectRef ref = ref_of(service);
    if (!world.ready(ref))
      return fmt::format("{}/{} is not ready: {}", ref.namespace_, ref.name,
                         service.value("status", Json::object()).dump());
  }
  const std::string difference =
      first_difference(end_state(world.server()), fresh_state(seed, services));
  return difference.empty() ? "" : "differs from a fresh cluster: " + difference;
}

// Zero writes at rest, also right after a restart.
std::string judge_rest(World& world) {
  std::uint64_t writes = world.writes();
  world.rest(hours(1));
  if (world.writes() != writes)
    return fmt::format("{} writes in an hour at rest", world.writes() - writes);
  world.restart();
  world.rest(minutes(10));
  if (world.writes() != writes)
    return fmt::format("{} writes after a restart with nothing changed", world.writes() - writes);
  return world.failure();
}

Verdict verdict_of(const World& world, std::string failure, std::size_t trace_lines) {
  return {std::move(failure), world.trace().tail(trace_lines), world.writes()};
}

}  // namespace

Faults faults_of(std::uint64_t seed) {
  Random random(seed ^ 0xFA17u);
  Faults faults;
  const auto some = [&](double most) { return random.chance(0.75) ? most * random.unit() : 0.0; };
  faults.write = some(0.3);
  faults.crash = some(0.1);
  faults.meanwhile = some(0.6);
  faults.watch = some(0.15);
  faults.users = 0.01 + 0.06 * random.unit();
  faults.watch_list = random.chance(0.8);
  return faults;
}

Verdict run_seed(std::uint64_t seed, const Faults& faults, std::size_t trace_lines) {
  World world(seed, faults, trace_lines > 0);
  world.users().create(Users::service("default", "chat"), Users::good_spec("ahoy"));
  world.run(kSteps);
  world.calm();
  std::string failure = judge_calm(world, seed);
  if (failure.empty()) failure = judge_rest(world);
  return verdict_of(world, std::move(failure), trace_lines);
}

Verdict judge_seed(std::uint64_t seed, std::size_t trace_lines) {
  Verdict verdict = run_seed(seed, faults_of(seed), trace_lines);
  if (verdict.failure.empty()) verdict.failure = run_election(seed).failure;
  return verdict;
}

std::vector<std::uint64_t> failing_seeds(std::uint64_t first, std::uint64_t count,
                                         unsigned threads) {
  Guarded<std::set<std::uint64_t>> failing;
  in_parallel(first, count, threads, [&](std::uint64_t seed) {
    if (!judge_seed(seed).failure.empty()) failing.with([&](auto& seeds) { seeds.insert(seed); });
  });
  return failing.with(
      [](const auto& seeds) { return std::vector<std::uint64_t>(seeds.begin(), seeds.end()); });
}

Verdict run_crash(Story story, std::uint64_t crash_at, bool after, std::size_t trace_lines) {
  const ObjectRef service = Users::service("default", "chat");
  Faults faults;
  faults.crash_at = crash_at;
  faults.crash_after = after;
  World world(1, faults, trace_lines > 0);
  world.users().create(service, Users::good_spec("ahoy"));
  world.settle();
  if (story != Story::Create) {
    if (story == Story::Change) world.users().change(service, Users::good_spec("aye"));
    if (story == Story::Delete) world.users().remove(service);
    world.settle();
  }
  world.calm();
  std::string failure = judge_calm(world, 1);
  if (failure.empty()) failure = judge_rest(world);
  if (failure.empty()) {
    for (const auto& [object, count] : world.invariants().creations()) {
      if (count > 1) failure = fmt::format("{} was created {} times", object, count);
    }
    if (story == Story::Create && !world.invariants().removals().empty())
      failure = world.invariants().removals().begin()->first + " was removed during a creation";
  }
  return verdict_of(world, std::move(failure), trace_lines);
}

Verdict run_namesake(Mutant mutant) {
  const ObjectRef service = Users::service("default", "chat");
  const ObjectRef autoscaler{"autoscaling/v2", "HorizontalPodAutoscaler", "default", "chat"};
  Faults faults;
  faults.mutant = mutant;
  World world(1, faults);
  Json scaled = Users::good_spec("ahoy");
  scaled["replicas"] = {{"min", 1}, {"max", 3}};
  world.users().create(service, scaled);
  world.settle();
  if (world.server().find(autoscaler) == nullptr) return verdict_of(world, "no autoscaler", 0);
  world.stall(Watched::HorizontalPodAutoscaler, minutes(1));
  world.users().replace(autoscaler);
  world.users().change(service, Users::good_spec("ahoy"));
  world.rest(minutes(10));
  std::string failure = world.failure();
  if (failure.empty() && world.server().find(autoscaler) == nullptr)
    failure = "somebody else's autoscaler is gone";
  return verdict_of(world, std::move(failure), 0);
}

}  // namespace slipway::sim

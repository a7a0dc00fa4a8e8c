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
using std::chrono::seconds;

constexpr int kSteps = 600;
// From the end of a leader until another one leads: a lease runs out, or is given up.
constexpr Duration kTakeover = seconds(17);
constexpr Duration kHandover = seconds(3);
// In an hour, to what refuses them: the longest pause is five minutes, and each try says so.
constexpr std::uint64_t kPatientWrites = 40;

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

// Somebody leads again soon after the leader has gone, and writes nothing: it finds what it wants.
std::string judge_takeover(World& world, const char* how, Duration limit) {
  const std::uint64_t writes = world.writes();
  if (!world.until_led(limit))
    return fmt::format("nobody leads {} ms after the leader {}", limit.count(), how);
  world.rest(minutes(10));
  if (world.writes() != writes)
    return fmt::format("{} writes after a takeover with nothing changed: the leader {}",
                       world.writes() - writes, how);
  return world.failure();
}

std::string judge_takeovers(World& world, const Faults& faults) {
  // On the slowest clock.
  const auto within = [&](Duration time) {
    return at_rate(time, faults.even_clocks ? 1 : 1 / (1 - kClockDrift));
  };
  world.crash_leader();
  std::string failure = judge_takeover(world, "has died", within(kTakeover));
  if (!failure.empty()) return failure;
  world.stop_leader();
  return judge_takeover(world, "has ended", within(kHandover));
}

// Zero writes at rest, also right after a restart.
std::string judge_rest(World& world, const Faults& faults) {
  const std::uint64_t writes = world.writes();
  world.rest(hours(1));
  if (world.writes() != writes)
    return fmt::format("{} writes in an hour at rest", world.writes() - writes);
  return judge_takeovers(world, faults);
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
  const double many = random.unit();
  faults.replicas = many < 0.45 ? 1 : many < 0.9 ? 2 : 3;
  faults.elects = faults.replicas > 1 || random.chance(0.2);
  faults.namespaces = some(0.1);
  if (!faults.elects) return faults;
  faults.even_clocks = random.chance(0.6);
  faults.replica = some(0.01);
  faults.freeze = some(0.03);
  faults.slow = some(0.3);
  // Whoever comes after a dead leader has to wait for its lease to run out.
  faults.crash /= 2;
  return faults;
}

Verdict run_seed(std::uint64_t seed, const Faults& faults, std::size_t trace_lines) {
  World world(seed, faults, trace_lines > 0);
  world.users().create(Users::service("default", "chat"), Users::good_spec("ahoy"));
  world.run(kSteps);
  world.calm();
  std::string failure = judge_calm(world, seed);
  if (failure.empty()) failure = judge_rest(world, faults);
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

Verdict run_crash(Story story, int replicas, std::uint64_t crash_at, bool after,
                  std::size_t trace_lines) {
  const ObjectRef service = Users::service("default", "chat");
  Faults faults;
  faults.replicas = replicas;
  faults.elects = replicas > 1;
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
  if (failure.empty()) failure = judge_rest(world, faults);
  if (failure.empty()) {
    for (const auto& [object, count] : world.invariants().creations()) {
      if (count > 1) failure = fmt::format("{} was created {} times", object, count);
    }
    if (story == Story::Create && !world.invariants().removals().empty())
      failure = world.invariants().removals().begin()->first + " was removed during a creation";
  }
  return verdict_of(world, std::move(failure), trace_lines);
}

Verdict run_takeovers(Mutant mutant) {
  Faults faults;
  faults.replicas = 3;
  faults.elects = true;
  faults.mutant = mutant;
  World world(1, faults);
  world.users().create(Users::service("default", "chat"), Users::good_spec("ahoy"));
  world.settle();
  std::string failure = world.failure();
  for (int i = 0; i < 3 && failure.empty(); ++i) failure = judge_takeovers(world, faults);
  return verdict_of(world, std::move(failure), 0);
}

// The first replica's clock is the slower one: it believes in its lease for longer than the other.
Verdict run_deposed(std::uint64_t seed) {
  Faults faults;
  faults.replicas = 2;
  faults.elects = true;
  faults.even_clocks = false;
  faults.meanwhile = 1;
  faults.slow = 0.4;
  World world(seed, faults);
  world.users().create(Users::service("default", "chat"), Users::good_spec("ahoy"));
  world.settle();
  while (world.failure().empty() && !world.replica(0).leads()) {
    world.stop_leader();
    (void)world.until_led(kTakeover * 2);
  }
  world.starve_leader(minutes(1));
  world.rest(seconds(8));
  for (int i = 0; i < 4; ++i) {
    world.users().bend({"v1", "Service", "default", "chat"});
    world.rest(Duration(700));
  }
  world.rest(minutes(1));
  return verdict_of(world, world.failure(), 0);
}

Verdict run_terminating(std::size_t trace_lines) {
  Faults faults;
  World world(1, faults, trace_lines > 0);
  for (const char* ns : {"default", "team"})
    world.users().create(Users::service(ns, "chat"), Users::good_spec("ahoy"));
  world.settle();
  world.spare("InferenceService");
  (void)world.users().touch_namespace();
  world.rest(minutes(30));
  const std::uint64_t writes = world.writes();
  world.rest(hours(1));
  std::string failure = world.failure();
  if (failure.empty() && world.writes() - writes > kPatientWrites)
    failure = fmt::format("{} writes in an hour to a namespace that is being terminated",
                          world.writes() - writes);
  world.spare("");
  world.calm();
  if (failure.empty()) failure = judge_calm(world, 1);
  if (failure.empty() && world.users().services().size() != 2) failure = "the service is lost";
  if (failure.empty()) failure = judge_rest(world, faults);
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

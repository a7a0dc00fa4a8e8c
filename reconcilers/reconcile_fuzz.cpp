// A service and its cluster along a course that the bytes choose (reconcilers/testing/disturb.hpp).
// Every plan must keep the rules (plan_rules.hpp) and be made the same way again; when nothing
// happens any more, plans must come to rest.
#include <cstdint>
#include <optional>

#include "crds/base/check.hpp"
#include "reconcilers/testing/disturb.hpp"
#include "reconcilers/testing/plan_rules.hpp"

namespace slipway::testing {
namespace {

constexpr int kMostSteps = 8;
constexpr int kMostRounds = 10;

Plan checked_plan(const Cluster& cluster, const Key& key, const World& world) {
  const Plan plan = cluster.plan(key, world);
  SLIPWAY_CHECK(plan == cluster.plan(key, world), "a plan is a function of what was observed");
  expect_rules(plan, key, world, true);
  return plan;
}

// One reconcile of everything that there is; true if anything changed.
bool round(Cluster& cluster) {
  cluster.pass(std::chrono::seconds(1));
  bool changed = false;
  std::optional<World> world;
  for (const Key& key : cluster.keys()) {
    if (!world) world = cluster.world();
    if (!cluster.execute(checked_plan(cluster, key, *world))) continue;
    changed = true;
    world.reset();
  }
  return changed;
}

void run(FuzzInput& input) {
  const std::string name = drawn_service_name(input);
  Cluster cluster(name, input.below(2) == 0 ? "prod" : std::string(63, 'n'));
  Disturbance disturbance(input, cluster);
  for (int step = 0; step < kMostSteps && !input.empty(); ++step) {
    disturbance.happen();
    round(cluster);
  }
  int rounds = 0;
  while (round(cluster)) SLIPWAY_CHECK(++rounds < kMostRounds, "plans come to rest");
}

}  // namespace
}  // namespace slipway::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  slipway::testing::FuzzInput input(data, size);
  slipway::testing::run(input);
  return 0;
}

// testdata/<case>.in.yaml holds what was observed, <case>.out.yaml the whole plan. `./dev golden`
// rewrites the outputs; the diff is then reviewed like code.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "crds/base/yaml.hpp"
#include "crds/types/k8s/projection.hpp"
#include "reconcilers/reconcile.hpp"
#include "reconcilers/testing/world.hpp"

namespace slipway {
namespace {

namespace fs = std::filesystem;

// 2026-11-23T14:02:00Z
constexpr Time kNow{std::chrono::milliseconds{1'795'442'520'000}};
const Settings kSettings{"example.com/slipway:1"};

std::string slurp(const fs::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<fs::path> inputs() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator("reconcilers/inference_service/testdata"))
    if (entry.path().string().ends_with(".in.yaml")) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

class GoldenPlan : public ::testing::TestWithParam<fs::path> {};

TEST_P(GoldenPlan, Matches) {
  const auto world = testing::World::load(GetParam());
  const Plan plan =
      reconcile({ReconcileKind::InferenceService, "prod", "chat"}, world, kSettings, {}, kNow);
  const std::string got = to_yaml(to_json(plan));

  std::string golden = GetParam().string();
  golden.replace(golden.find(".in.yaml"), std::string::npos, ".out.yaml");
  if (std::getenv("SLIPWAY_UPDATE_GOLDEN")) std::ofstream(golden) << got;
  EXPECT_EQ(got, slurp(golden)) << "run `./dev golden` and read the diff";
}

// A rendered field outside of its kind's shape would never be compared with the live object.
TEST_P(GoldenPlan, RendersNothingOutsideOfTheShapes) {
  const auto world = testing::World::load(GetParam());
  const Plan plan =
      reconcile({ReconcileKind::InferenceService, "prod", "chat"}, world, kSettings, {}, kNow);
  for (const Action& action : plan.actions) {
    const auto* apply = std::get_if<Apply>(&action);
    if (!apply || apply->manager != kFieldManager) continue;
    const Shape* shape = shape_of(apply->object.at("kind").get<std::string>());
    ASSERT_NE(shape, nullptr) << describe(action);
    const auto covered = covers(*shape, apply->object);
    EXPECT_TRUE(covered) << describe(action) << ": " << (covered ? "" : covered.error().what);
  }
}

INSTANTIATE_TEST_SUITE_P(Plans, GoldenPlan, ::testing::ValuesIn(inputs()), [](const auto& row) {
  const std::string name = row.param.filename().string();
  return name.substr(0, name.find('.'));
});

}  // namespace
}  // namespace slipway

// Whole objects of the cluster in JSON, one a line, changed in any way: also such as the schemas
// refuse and that got into the store before there was a rule, or past it.
#include <algorithm>
#include <cstdint>

#include "crds/base/check.hpp"
#include "crds/base/testing/fuzz_input.hpp"
#include "reconcilers/reconcile.hpp"
#include "reconcilers/testing/plan_rules.hpp"
#include "reconcilers/testing/world.hpp"

namespace slipway::testing {
namespace {

// 2026-11-23T14:02:00Z
constexpr Time kNow{std::chrono::milliseconds{1'795'442'520'000}};
constexpr std::size_t kMostObjects = 16;

std::string text_at(const Json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : "";
}

// What every API server sees to, whatever the kind: a name that a path can hold, a namespace.
bool is_named(const Json& object) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return false;
  const std::string name = text_at(*metadata, "name");
  return !name.empty() && name.size() <= 253 &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; }) &&
         !name.starts_with('-') && !name.ends_with('-');
}

std::optional<Key> key_of(const Json& object) {
  const Json& metadata = object.at("metadata");
  Key key{ReconcileKind::InferenceService, text_at(metadata, "namespace"),
          text_at(metadata, "name")};
  if (object.at("kind") == InferenceService::kKind) return key;
  key.kind = ReconcileKind::ModelVersion;
  return object.at("kind") == ModelVersion::kKind ? std::optional(key) : std::nullopt;
}

void run(FuzzInput& input) {
  World world;
  std::vector<Key> keys;
  for (std::size_t left = kMostObjects; left > 0 && !input.empty(); --left) {
    const Json object = Json::parse(input.line(), nullptr, false);
    if (!object.is_object() || text_at(object, "kind").empty() || !is_named(object)) continue;
    if (!world.add(object)) continue;
    if (const auto key = key_of(object)) keys.push_back(*key);
  }
  for (const Key& key : keys) {
    const auto plan = [&] { return reconcile(key, world, {"example.com/slipway:1"}, {}, kNow); };
    expect_rules(plan(), key, world, false);
    SLIPWAY_CHECK(plan() == plan(), "a plan is a function of what was observed");
  }
}

}  // namespace
}  // namespace slipway::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  slipway::testing::FuzzInput input(data, size);
  slipway::testing::run(input);
  return 0;
}

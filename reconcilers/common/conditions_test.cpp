#include "reconcilers/common/conditions.hpp"

#include <gtest/gtest.h>

namespace slipway {
namespace {

constexpr Time kNow{std::chrono::hours(500'000)};
constexpr Time kLater = kNow + std::chrono::minutes(1);

std::string time_of(const std::vector<Condition>& conditions, std::string_view type) {
  const Condition* found = find_condition(conditions, type);
  return found ? found->last_transition_time : "";
}

TEST(Conditions, KeepTheirTimeUntilTheStatusFlips) {
  std::vector<Condition> conditions;
  set_condition(conditions, {"Ready", "False", "Loading", "the engine starts", "", 1}, kNow);
  EXPECT_EQ(time_of(conditions, "Ready"), to_rfc3339(kNow));
  set_condition(conditions, {"Ready", "False", "Evicted", "other words", "", 2}, kLater);
  EXPECT_EQ(time_of(conditions, "Ready"), to_rfc3339(kNow)) << "else it would move at rest";
  EXPECT_EQ(conditions[0].reason, "Evicted");
  EXPECT_EQ(conditions[0].observed_generation, 2);
  set_condition(conditions, {"Ready", "True", "Answering", "", "", 2}, kLater);
  EXPECT_EQ(time_of(conditions, "Ready"), to_rfc3339(kLater));
  EXPECT_EQ(conditions.size(), 1U);
}

TEST(Conditions, AreSortedByType) {
  std::vector<Condition> conditions;
  for (const char* type : {"Stalled", "Ready", "Reconciling"})
    set_condition(conditions, {type, "True", "R", "", "", 1}, kNow);
  ASSERT_EQ(conditions.size(), 3U);
  EXPECT_EQ(conditions[0].type, "Ready");
  EXPECT_EQ(conditions[1].type, "Reconciling");
  EXPECT_EQ(conditions[2].type, "Stalled");
}

}  // namespace
}  // namespace slipway

#include "controller/kube/in_flight_limit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace slipway::kube {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

// One call after the other, half a second apart.
struct Course {
  const char* name;
  int most;
  std::vector<int> answers;
  std::vector<int> allowed;  // after each of them
};

class InFlightLimitTest : public testing::TestWithParam<Course> {};

TEST_P(InFlightLimitTest, Follows) {
  std::vector<int> told;
  InFlightGate gate(GetParam().most, [&](int limit) { told.push_back(limit); });
  std::vector<int> allowed;
  Duration now{};
  for (const int status : GetParam().answers) {
    const auto ticket = gate.enter(std::chrono::steady_clock::time_point::max());
    now += milliseconds(500);
    gate.leave(*ticket, status, now);
    allowed.push_back(told.back());
  }
  EXPECT_EQ(allowed, GetParam().allowed);
}

INSTANTIATE_TEST_SUITE_P(
    Courses, InFlightLimitTest,
    testing::Values(Course{"NothingGrowsBeyondWhatIsConfigured", 8, {200, 200, 200}, {8, 8, 8}},
                    Course{"HalvesButNeverBelowOne", 8, {429, 429, 429, 429}, {4, 2, 1, 1}},
                    Course{"GrowsByOneASecond", 8, {429, 200, 200, 200, 200}, {4, 4, 5, 5, 6}},
                    Course{
                        "AnAnswerThatTheRequestIsWrongIsASuccess", 8, {429, 409, 404}, {4, 4, 5}},
                    Course{"AServerThatFailsSaysNothing", 8, {429, 500, 503, 504}, {4, 4, 4, 4}},
                    Course{"ComesBackToWhatIsConfigured",
                           3,
                           {429, 200, 200, 200, 200, 200, 200},
                           {1, 1, 2, 2, 3, 3, 3}},
                    Course{"OneCallAtATimeIsLeftAlone", 1, {429, 200, 200, 200}, {1, 1, 1, 1}}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(InFlightLimit, IsHalvedOnce_ForAllCallsThatLeftTogether) {
  InFlightLimit limit(8);
  const auto together = limit.ticket();
  for (int i = 0; i < 8; ++i) limit.throttled(together, milliseconds(i));
  EXPECT_EQ(limit.allowed(), 4);
  limit.throttled(limit.ticket(), milliseconds(9));
  EXPECT_EQ(limit.allowed(), 2);
}

TEST(InFlightLimit, DoesNotGrow_ForWhatLeftBeforeItWasHalved) {
  InFlightLimit limit(8);
  const auto before = limit.ticket();
  limit.throttled(before, milliseconds(0));
  limit.succeeded(before, milliseconds(5000));
  EXPECT_EQ(limit.allowed(), 4);
  limit.succeeded(limit.ticket(), milliseconds(5000));
  EXPECT_EQ(limit.allowed(), 5) << "and by one only, however long ago";
}

TEST(InFlightGate, LetsNobodyInBeyondItsLimit) {
  InFlightGate gate(2, {});
  const auto at_once = std::chrono::steady_clock::time_point{};
  const auto first = gate.enter(at_once);
  const auto second = gate.enter(at_once);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(gate.enter(at_once));
  gate.leave(*first, 429, milliseconds(0));
  EXPECT_FALSE(gate.enter(at_once)) << "one is allowed now, and one is inside";
  gate.leave(*second, std::nullopt, milliseconds(0));
  EXPECT_TRUE(gate.enter(at_once));
}

}  // namespace
}  // namespace slipway::kube

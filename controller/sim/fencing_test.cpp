// That the judge of the simulated replicas finds what it is there to find.
#include "controller/sim/fencing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::sim {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

Json lease(const char* holder) {
  return {{"kind", "Lease"}, {"spec", {{"holderIdentity", holder}}}};
}

Json child(const char* version, const char* epoch) {
  return {{"kind", "Service"},
          {"metadata",
           {{"name", "chat"},
            {"namespace", "default"},
            {"uid", "u-1"},
            {"resourceVersion", version},
            {"annotations", {{"serving.slipway.dev/epoch", epoch}}}}}};
}

class FencingTest : public testing::Test {
 protected:
  FencingTest() {
    const Json held = lease("first");
    fencing_.on_lease(&held, Duration{});
  }
  void succeed(Duration now) {
    const Json held = lease("second");
    fencing_.on_lease(&held, now);
  }
  std::string write(const Json& before, const Json& after, const Sent& sent, Duration now) {
    return fencing_.judge({"slipway", &before, &after}, sent, now);
  }

  Fencing fencing_{false};
  const Json old_ = child("5", "1"), new_ = child("6", "2"), undone_ = child("7", "1");
};

TEST_F(FencingTest, AllowsWhatIsSentInTime) {
  EXPECT_EQ(write(old_, new_, {"first", 1, seconds(9), "5"}, seconds(10)), "");
}

TEST_F(FencingTest, FindsAWriterThatNeverHeldTheLease) {
  EXPECT_THAT(write(old_, new_, {"third", 1, seconds(1), "5"}, seconds(1)),
              HasSubstr("never held the Lease"));
}

TEST_F(FencingTest, FindsAWriteAfterTheDeadline) {
  EXPECT_THAT(write(old_, new_, {"first", 1, seconds(12), "5"}, seconds(12)),
              HasSubstr("without a permit"));
}

TEST_F(FencingTest, FindsAWriteThatOutlivesItsTimeout) {
  EXPECT_THAT(write(old_, new_, {"first", 1, seconds(1), "5"}, seconds(30)),
              HasSubstr("outlives the server's timeout"));
}

TEST_F(FencingTest, FindsAWriteUnderSomebodyElsesLease) {
  Fencing even(true);
  const Json first = lease("first"), second = lease("second");
  even.on_lease(&first, Duration{});
  even.on_lease(&second, seconds(2));
  EXPECT_THAT(even.judge({"slipway", &old_, &new_}, {"first", 1, seconds(1), "5"}, seconds(3)),
              HasSubstr("while the Lease is second's"));
}

TEST_F(FencingTest, FindsALaterLeadersWorkUndone) {
  succeed(seconds(2));
  ASSERT_EQ(write(old_, new_, {"second", 2, seconds(3), "5"}, seconds(3)), "");
  EXPECT_THAT(write(new_, undone_, {"first", 1, seconds(3), ""}, seconds(4)),
              HasSubstr("undoes in Service default/chat what the leader of term 2 wrote"));
}

TEST_F(FencingTest, FindsItUndoneThoughItsVersionWasSeen) {
  succeed(seconds(2));
  ASSERT_EQ(write(old_, new_, {"second", 2, seconds(3), "5"}, seconds(3)), "");
  EXPECT_THAT(write(new_, undone_, {"first", 1, seconds(3), "6"}, seconds(4)), HasSubstr("undoes"));
}

// Somebody may have taken the epoch away; then the version that was seen has to do.
TEST_F(FencingTest, AllowsALateWriteThatCouldNotKnowBetter) {
  succeed(seconds(2));
  const Json plain = child("6", "");
  ASSERT_EQ(write(old_, plain, {"second", 2, seconds(3), "5"}, seconds(3)), "");
  EXPECT_EQ(write(plain, undone_, {"first", 1, seconds(3), "6"}, seconds(4)), "");
}

}  // namespace
}  // namespace slipway::sim

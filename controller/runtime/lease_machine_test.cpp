#include "controller/runtime/lease_machine.hpp"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Moment at(Duration monotonic) {
  return {Time(std::chrono::hours(500'000)) + monotonic, monotonic};
}

LeaseRecord held_by(const std::string& holder, int version, std::int64_t transitions = 1) {
  return {std::to_string(version), holder, seconds(15), transitions, "2026-01-01T00:00:00.000000Z"};
}

// Answers a write as the server does that stores it.
LeaseRecord stored(const LeaseCall& call, int version) {
  LeaseRecord record = std::holds_alternative<CreateLease>(call)
                           ? std::get<CreateLease>(call).record
                           : std::get<UpdateLease>(call).record;
  record.version = std::to_string(version);
  return record;
}

class LeaseMachineTest : public testing::Test {
 protected:
  // Lets the machine take a Lease that nobody holds, at `now`.
  void take(Duration now) {
    machine_.observe(LeaseRecord{"1", "", seconds(1), 4, ""}, "1", now);
    const auto call = machine_.next(at(now), 0);
    ASSERT_TRUE(call);
    machine_.answered(std::optional(stored(*call, 2)), now);
    ASSERT_TRUE(machine_.leads(now));
  }
  LeaseMachine machine_{"me"};
};

TEST_F(LeaseMachineTest, DoesNothingBeforeItKnowsTheLease) {
  EXPECT_FALSE(machine_.next(at(seconds(100)), 0));
  EXPECT_EQ(machine_.next_due(), std::nullopt);
  EXPECT_FALSE(machine_.leads(seconds(100)));
}

TEST_F(LeaseMachineTest, TakesAFreeLeaseAtOnceAndCountsTheTerm) {
  machine_.observe(LeaseRecord{"7", "", seconds(1), 4, ""}, "7", seconds(1));
  const auto call = machine_.next(at(seconds(1)), 0);
  ASSERT_TRUE(call && std::holds_alternative<UpdateLease>(*call));
  const LeaseRecord& claim = std::get<UpdateLease>(*call).record;
  EXPECT_EQ(claim.version, "7") << "the write depends on what was seen";
  EXPECT_EQ(claim.holder, "me");
  EXPECT_EQ(claim.transitions, 5);
  EXPECT_FALSE(machine_.leads(seconds(1))) << "not before the answer";
  machine_.answered(std::optional(stored(*call, 8)), seconds(2));
  EXPECT_TRUE(machine_.leads(seconds(2)));
  EXPECT_EQ(machine_.epoch(), 5);
  EXPECT_EQ(machine_.write_until(), Duration(seconds(11))) << "from when it was sent";
}

TEST_F(LeaseMachineTest, WaitsForSomebodyElsesLeaseToStandStill) {
  machine_.observe(held_by("other", 1), "1", seconds(0));
  EXPECT_FALSE(machine_.next(at(seconds(14)), 0));
  machine_.observe(held_by("other", 2), "2", seconds(14));
  EXPECT_FALSE(machine_.next(at(seconds(28)), 0));
  EXPECT_EQ(machine_.next_due(), Duration(seconds(29)));
  const auto call = machine_.next(at(seconds(29)), 0);
  ASSERT_TRUE(call && std::holds_alternative<UpdateLease>(*call));
  EXPECT_EQ(std::get<UpdateLease>(*call).record.transitions, 2);
}

TEST_F(LeaseMachineTest, MakesAMissingLeaseAndLeadsWhenAnyOlderOneHasRunOut) {
  machine_.observe(std::nullopt, "5", seconds(0));
  const auto call = machine_.next(at(seconds(0)), 0);
  ASSERT_TRUE(call && std::holds_alternative<CreateLease>(*call));
  machine_.answered(std::optional(stored(*call, 6)), seconds(1));
  EXPECT_FALSE(machine_.leads(seconds(1))) << "who led may not have heard of the deletion yet";
  for (int now = 3; now < 16; now += 2) {
    const auto renewal = machine_.next(at(seconds(now)), 0);
    ASSERT_TRUE(renewal && std::holds_alternative<UpdateLease>(*renewal));
    machine_.answered(std::optional(stored(*renewal, 5 + now)), seconds(now));
    EXPECT_FALSE(machine_.leads(seconds(now))) << now;
    EXPECT_FALSE(machine_.release()) << "whoever took it then would not wait";
  }
  const auto renewal = machine_.next(at(seconds(17)), 0);
  machine_.answered(std::optional(stored(*renewal, 30)), seconds(17));
  EXPECT_TRUE(machine_.leads(seconds(17)));
  EXPECT_EQ(machine_.epoch(), 1);
}

TEST_F(LeaseMachineTest, WaitsAsLongWhenTheAnswerToTheCreationWasLost) {
  machine_.observe(std::nullopt, "5", seconds(0));
  const auto call = machine_.next(at(seconds(0)), 0);
  machine_.answered(fail(Fault::Unavailable, "timed out"), seconds(5));
  ASSERT_TRUE(machine_.next(at(seconds(5)), 0));
  machine_.answered(std::optional(stored(*call, 6)), seconds(5));
  for (int now = 7; now < 20; now += 2) {
    const auto renewal = machine_.next(at(seconds(now)), 0);
    ASSERT_TRUE(renewal && std::holds_alternative<UpdateLease>(*renewal));
    machine_.answered(std::optional(stored(*renewal, 5 + now)), seconds(now));
    EXPECT_FALSE(machine_.leads(seconds(now))) << now;
  }
}

TEST_F(LeaseMachineTest, CountsOnWhenTheLeaseWasDeleted) {
  machine_.observe(held_by("other", 1, 6), "1", seconds(0));
  machine_.observe(std::nullopt, "2", seconds(1));
  const auto call = machine_.next(at(seconds(16)), 0);
  ASSERT_TRUE(call && std::holds_alternative<CreateLease>(*call));
  EXPECT_EQ(std::get<CreateLease>(*call).record.transitions, 7);
}

TEST_F(LeaseMachineTest, SpreadsTheAttemptsOfThoseWhoDoNotLead) {
  machine_.observe(LeaseRecord{"1", "", seconds(1), 4, ""}, "1", seconds(1));
  ASSERT_TRUE(machine_.next(at(seconds(1)), 0.5));
  machine_.answered(fail(Fault::Unavailable, "timed out"), seconds(1));
  EXPECT_EQ(machine_.next_due(), Duration(milliseconds(3'200)));
}

TEST_F(LeaseMachineTest, RenewsInTimeAndKeepsItsTerm) {
  take(seconds(1));
  EXPECT_FALSE(machine_.next(at(seconds(2)), 0));
  const auto call = machine_.next(at(seconds(3)), 0.9);
  ASSERT_TRUE(call);
  machine_.answered(std::optional(stored(*call, 3)), seconds(3));
  EXPECT_EQ(machine_.epoch(), 5);
  EXPECT_TRUE(machine_.leads(seconds(12)));
  EXPECT_FALSE(machine_.leads(seconds(13)));
}

TEST_F(LeaseMachineTest, StopsWhenRenewalsFailAndReadsBeforeItTriesAgain) {
  take(seconds(0));
  ASSERT_TRUE(machine_.next(at(seconds(2)), 0));
  machine_.answered(fail(Fault::Unavailable, "timed out"), seconds(7));
  EXPECT_TRUE(machine_.leads(milliseconds(9'999)));
  EXPECT_FALSE(machine_.leads(seconds(10)));
  const auto call = machine_.next(at(seconds(10)), 0);
  ASSERT_TRUE(call && std::holds_alternative<ReadLease>(*call));
  machine_.answered(std::optional(held_by("me", 3, 5)), seconds(11));
  EXPECT_FALSE(machine_.leads(seconds(11))) << "that the lost renewal arrived proves no date";
  const auto again = machine_.next(at(seconds(11)), 0);
  ASSERT_TRUE(again && std::holds_alternative<UpdateLease>(*again));
  machine_.answered(std::optional(stored(*again, 4)), seconds(11));
  EXPECT_TRUE(machine_.leads(seconds(11)));
  EXPECT_EQ(machine_.epoch(), 5) << "nobody else had it";
}

TEST_F(LeaseMachineTest, StopsAtOnceWhenARenewalIsRefused) {
  take(seconds(0));
  ASSERT_TRUE(machine_.next(at(seconds(2)), 0));
  machine_.answered(fail(Fault::Conflict, "modified"), seconds(2));
  EXPECT_FALSE(machine_.leads(seconds(2)));
  const auto read = machine_.next(at(seconds(2)), 0);
  ASSERT_TRUE(read && std::holds_alternative<ReadLease>(*read));
  machine_.answered(std::optional(held_by("other", 9, 6)), seconds(2));
  EXPECT_FALSE(machine_.next(at(seconds(16)), 0));
}

TEST_F(LeaseMachineTest, StopsAtOnceWhenItSeesAnotherHolder) {
  take(seconds(0));
  machine_.observe(held_by("other", 3, 6), "3", seconds(1));
  EXPECT_FALSE(machine_.leads(seconds(1)));
}

TEST_F(LeaseMachineTest, StopsAtOnceWhenTheLeaseIsGone) {
  take(seconds(0));
  machine_.observe(std::nullopt, "3", seconds(1));
  EXPECT_FALSE(machine_.leads(seconds(1)));
}

TEST_F(LeaseMachineTest, IgnoresNewsThatItsOwnWriteHasOvertaken) {
  take(seconds(0));
  machine_.observe(held_by("other", 1), "1", seconds(1));
  machine_.observe(std::nullopt, "1", seconds(1));
  EXPECT_TRUE(machine_.leads(seconds(1)));
}

TEST_F(LeaseMachineTest, IgnoresAnAnswerThatTheWatchHasOvertaken) {
  take(seconds(0));
  const auto call = machine_.next(at(seconds(2)), 0);
  ASSERT_TRUE(call);
  machine_.observe(held_by("other", 9, 6), "9", seconds(3));
  machine_.answered(std::optional(stored(*call, 3)), seconds(3));
  EXPECT_FALSE(machine_.leads(seconds(3)));
}

TEST_F(LeaseMachineTest, RisesAboveAnEpochThatItMeets) {
  take(seconds(0));
  machine_.outgrow(5);
  EXPECT_TRUE(machine_.leads(seconds(1))) << "our own";
  machine_.outgrow(9);
  EXPECT_FALSE(machine_.leads(seconds(1)));
  const auto call = machine_.next(at(seconds(1)), 0);
  ASSERT_TRUE(call);
  machine_.answered(std::optional(stored(*call, 3)), seconds(1));
  EXPECT_TRUE(machine_.leads(seconds(1)));
  EXPECT_EQ(machine_.epoch(), 10);
}

TEST_F(LeaseMachineTest, GivesUpOnlyWhatIsItsOwn) {
  EXPECT_FALSE(machine_.release());
  take(seconds(0));
  const auto last = machine_.release();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->record.holder, "");
  EXPECT_EQ(last->record.version, "2");
  EXPECT_EQ(last->record.transitions, 5) << "the count goes on";
  EXPECT_FALSE(machine_.leads(seconds(0)));
}

TEST_F(LeaseMachineTest, DoesNotHammerALeaseThatAlwaysRefuses) {
  take(seconds(0));
  int calls = 0;
  for (Duration now = seconds(1); now < Duration(seconds(61)); now += milliseconds(10)) {
    const auto call = machine_.next(at(now), 0);
    if (!call) continue;
    ++calls;
    if (std::holds_alternative<ReadLease>(*call))
      machine_.answered(std::optional(held_by("me", 2, 5)), now);
    else
      machine_.answered(fail(Fault::Conflict, "modified"), now);
  }
  EXPECT_LE(calls, 62) << "a write and a read every two seconds";
}

TEST(ReadLeaseTest, ReadsWhatClientGoWrites) {
  const Json object = Json::parse(R"({"metadata":{"resourceVersion":"12","uid":"u"},"spec":{
    "holderIdentity":"a_1","leaseDurationSeconds":15,"leaseTransitions":3,
    "acquireTime":"2026-01-01T00:00:00.000000Z","renewTime":"2026-01-01T00:00:02.000000Z"}})");
  const auto record = read_lease(object);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->version, "12");
  EXPECT_EQ(record->uid, "u");
  EXPECT_EQ(record->holder, "a_1");
  EXPECT_EQ(record->duration, Duration(seconds(15)));
  EXPECT_EQ(record->transitions, 3);
  EXPECT_FALSE(read_lease(Json::object()));
  EXPECT_TRUE(read_lease(Json{{"metadata", {{"resourceVersion", "1"}}}})->holder.empty());
}

}  // namespace
}  // namespace slipway

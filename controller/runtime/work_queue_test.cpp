#include "controller/runtime/work_queue.hpp"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

Key key(const char* name) {
  return {ReconcileKind::InferenceService, "ns", name};
}
constexpr Duration at(int ms) {
  return milliseconds(ms);
}

TEST(WorkQueue, HandsOutWhatIsDue_OldestFirst) {
  WorkQueue queue;
  queue.add(key("b"), at(20));
  queue.add(key("a"), at(10));
  queue.add(key("c"), at(30));
  EXPECT_EQ(queue.next_due(), at(10));
  EXPECT_EQ(queue.depth(), 3u);
  EXPECT_EQ(queue.depth(at(20)), 2u);
  EXPECT_EQ(queue.take(at(9)), std::nullopt);
  EXPECT_EQ(queue.take(at(20)), key("a"));
  EXPECT_EQ(queue.take(at(20)), key("b"));
  EXPECT_EQ(queue.take(at(20)), std::nullopt);
}

TEST(WorkQueue, KeepsTheEarlierOfTwoTimes) {
  WorkQueue queue;
  queue.add(key("a"), at(50));
  queue.add(key("a"), at(10));
  queue.add(key("a"), at(99));
  EXPECT_EQ(queue.depth(), 1u);
  EXPECT_EQ(queue.take(at(10)), key("a"));
  EXPECT_EQ(queue.take(at(100)), std::nullopt) << "queued once, whatever the number of adds";
}

TEST(WorkQueue, NeverHandsOutAKeyTwiceAtATime) {
  WorkQueue queue;
  queue.add(key("a"), at(0));
  ASSERT_EQ(queue.take(at(0)), key("a"));
  queue.add(key("a"), at(1));
  queue.add(key("a"), at(2));
  EXPECT_EQ(queue.take(at(5)), std::nullopt);
  EXPECT_EQ(queue.next_due(), std::nullopt) << "a sleeper need not wake for it";
  queue.done(key("a"));
  EXPECT_EQ(queue.next_due(), at(1));
  EXPECT_EQ(queue.take(at(5)), key("a")) << "what changed meanwhile is looked at once more";
  queue.done(key("a"));
  EXPECT_EQ(queue.take(at(5)), std::nullopt);
}

TEST(WorkQueue, WaitsForALaterTime_WhenReaddedWhileTaken) {
  WorkQueue queue;
  queue.add(key("a"), at(0));
  queue.take(at(0));
  queue.add(key("a"), at(100));
  queue.done(key("a"));
  EXPECT_EQ(queue.take(at(99)), std::nullopt);
  queue.add(key("a"), at(7));
  EXPECT_EQ(queue.take(at(99)), key("a"));
}

TEST(WorkQueue, LetsAnEditPassWhateverWaits) {
  WorkQueue queue;
  queue.add(key("all-1"), at(1), Turn::Background);
  queue.add(key("all-2"), at(2), Turn::Background);
  queue.add(key("new"), at(3));
  queue.add(key("edited"), at(4), Turn::Edit);
  queue.add(key("later"), at(90), Turn::Edit);
  EXPECT_EQ(queue.next_due(), at(1));
  EXPECT_EQ(queue.take(at(5)), key("edited"));
  EXPECT_EQ(queue.take(at(5)), key("new"));
  EXPECT_EQ(queue.take(at(5)), key("all-1"));
  queue.add(key("all-2"), at(5), Turn::Edit);
  queue.add(key("all-3"), at(0), Turn::Background);
  EXPECT_EQ(queue.take(at(5)), key("all-2")) << "it waited already, and now somebody cares";
  EXPECT_EQ(queue.take(at(5)), key("all-3"));
  EXPECT_EQ(queue.take(at(5)), std::nullopt);
}

TEST(WorkQueue, RemembersTheTurnOfWhatIsBeingWorkedOn) {
  WorkQueue queue;
  queue.add(key("a"), at(0), Turn::Background);
  ASSERT_EQ(queue.take(at(0)), key("a"));
  queue.add(key("b"), at(0));
  queue.add(key("a"), at(1), Turn::Edit);
  queue.done(key("a"));
  EXPECT_EQ(queue.take(at(1)), key("a"));
}

TEST(KeyBackoff, DoublesUpToItsCap_AndStartsOver) {
  KeyBackoff backoff;
  EXPECT_EQ(backoff.next(key("a"), at(5), 0), at(5));
  EXPECT_EQ(backoff.next(key("a"), at(5), 0), at(10));
  EXPECT_EQ(backoff.next(key("b"), at(1000), 0), at(1000)) << "each key for itself";
  Duration last{};
  for (int i = 0; i < 40; ++i) last = backoff.next(key("a"), at(5), 0);
  EXPECT_EQ(last, minutes(5));
  EXPECT_LT(backoff.next(key("a"), at(5), 0.99), last);
  EXPECT_GE(backoff.next(key("a"), at(5), 0.99), last * 9 / 10);
  backoff.forget(key("a"));
  EXPECT_EQ(backoff.next(key("a"), at(5), 0), at(5));
}

}  // namespace
}  // namespace slipway

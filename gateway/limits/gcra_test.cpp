#include "gateway/limits/gcra.hpp"

#include <gtest/gtest.h>

#include <random>

#include "gateway/limits/quota.hpp"

namespace slipway::gateway {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Rate kTenASecond{10, 50};

TEST(Gcra, AdmitsABurstAndThenTheRate) {
  Gcra bucket;
  int taken = 0;
  while (bucket.try_take(1, kTenASecond, seconds(1000))) ++taken;
  EXPECT_EQ(taken, 50);
  EXPECT_EQ(bucket.wait_for(1, kTenASecond, seconds(1000)), milliseconds(100));
  EXPECT_TRUE(bucket.try_take(1, kTenASecond, seconds(1000) + milliseconds(100)));
  EXPECT_FALSE(bucket.try_take(1, kTenASecond, seconds(1000) + milliseconds(100)));
}

TEST(Gcra, NeverAdmitsMoreThanBurstAndRateOverAnySpan) {
  std::mt19937_64 random(3);
  for (int trial = 0; trial < 50; ++trial) {
    Gcra bucket;
    double taken = 0;
    Instant now = seconds(7);
    const Instant start = now;
    for (int i = 0; i < 2000; ++i) {
      now += milliseconds(random() % 300);
      const double units = 1 + static_cast<double>(random() % 5);
      if (bucket.try_take(units, kTenASecond, now)) taken += units;
      ASSERT_LE(taken, 50 + 10 * seconds_of(now - start) + 1e-6);
    }
    EXPECT_GT(taken, 0.98 * 10 * seconds_of(now - start)) << "and no less than the rate";
  }
}

TEST(Gcra, PaysDebtAtTheRate) {
  Gcra bucket;
  bucket.charge(150, kTenASecond, seconds(1));
  EXPECT_DOUBLE_EQ(bucket.available(kTenASecond, seconds(1)), -100);
  EXPECT_EQ(bucket.wait_for(0, kTenASecond, seconds(1)), seconds(10)) << "debt / rate";
  EXPECT_EQ(bucket.wait_for(5, kTenASecond, seconds(1)), milliseconds(10'500));
  EXPECT_TRUE(bucket.try_take(5, kTenASecond, seconds(1) + milliseconds(10'500)));
}

TEST(Gcra, GivesBackNoMoreThanAFullBucket) {
  Gcra bucket;
  bucket.charge(20, kTenASecond, seconds(1));
  bucket.charge(-20, kTenASecond, seconds(1));
  EXPECT_DOUBLE_EQ(bucket.available(kTenASecond, seconds(1)), 50);
  bucket.charge(-1000, kTenASecond, seconds(1));
  EXPECT_DOUBLE_EQ(bucket.available(kTenASecond, seconds(1)), 50);
}

TEST(Gcra, TakesWhatIsLargerThanTheBurstFromAFullBucket) {
  Gcra bucket;
  EXPECT_TRUE(bucket.try_take(200, kTenASecond, seconds(1)));
  EXPECT_FALSE(bucket.try_take(200, kTenASecond, seconds(19)));
  EXPECT_TRUE(bucket.try_take(200, kTenASecond, seconds(21)));
}

TEST(Gcra, AdmitsNothingAtARateOfZero) {
  Gcra bucket;
  EXPECT_FALSE(bucket.try_take(1, {}, seconds(1)));
  EXPECT_EQ(bucket.wait_for(1, {}, seconds(1)), Instant::max());
}

TEST(Gcra, SurvivesARestartOnAnotherClock) {
  Gcra before;
  before.charge(90, kTenASecond, hours(500));
  const Instant missing = before.until_full(hours(500) + seconds(2));
  const Gcra after = Gcra::with_missing(missing, seconds(3));
  EXPECT_NEAR(after.available(kTenASecond, seconds(3)),
              before.available(kTenASecond, hours(500) + seconds(2)), 1e-6)
      << "no free refill, no lock-out";
}

TEST(Gcra, KeepsWhatItHasWhenTheRateChanges) {
  Gcra bucket;
  bucket.charge(40, kTenASecond, seconds(1));
  const Rate half{5, 25};
  bucket.rescale(kTenASecond, half, seconds(1));
  EXPECT_NEAR(bucket.available(half, seconds(1)), 10, 1e-6);
  bucket.rescale(half, kTenASecond, seconds(1));
  EXPECT_NEAR(bucket.available(kTenASecond, seconds(1)), 10, 1e-6);
  Gcra full;
  full.rescale(kTenASecond, half, seconds(1));
  EXPECT_NEAR(full.available(half, seconds(1)), 25, 1e-6) << "no more than the burst holds";
  full.rescale(half, kTenASecond, seconds(1));
  EXPECT_NEAR(full.available(kTenASecond, seconds(1)), 25, 1e-6) << "no refill";
  full.rescale(kTenASecond, {}, seconds(1));
  EXPECT_FALSE(full.try_take(1, {}, seconds(1)));
}

Time day(int year, unsigned month, unsigned of_month) {
  return Time(std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) /
                                    std::chrono::day(of_month)));
}

struct PeriodCase {
  Period period;
  Time wall, begin, end;
};
class Periods : public testing::TestWithParam<PeriodCase> {};

TEST_P(Periods, AreThoseOfTheCalendar) {
  EXPECT_EQ(period_begin(GetParam().period, GetParam().wall), GetParam().begin);
  EXPECT_EQ(period_end(GetParam().period, GetParam().wall), GetParam().end);
}

INSTANTIATE_TEST_SUITE_P(Calendar, Periods,
                         testing::Values(PeriodCase{Period::Day, day(2026, 2, 28) + hours(23),
                                                    day(2026, 2, 28), day(2026, 3, 1)},
                                         PeriodCase{Period::Month, day(2026, 12, 31) + hours(5),
                                                    day(2026, 12, 1), day(2027, 1, 1)},
                                         PeriodCase{Period::Month, day(2028, 2, 29),
                                                    day(2028, 2, 1), day(2028, 3, 1)}));

TEST(Quota, IsGivenOncePeriodWhateverTheClockDoes) {
  const QuotaSpec spec{100, Period::Day};
  Quota quota;
  const Time evening = day(2026, 11, 26) + hours(23) + std::chrono::minutes(30);
  EXPECT_TRUE(quota.left(spec, evening));
  quota.add(spec, 100, evening);
  EXPECT_FALSE(quota.left(spec, evening));
  EXPECT_FALSE(quota.left(spec, evening - hours(1))) << "back an hour: nothing is given again";
  EXPECT_TRUE(quota.left(spec, evening + hours(1))) << "the next day, if an hour early";
  quota.add(spec, 100, evening + hours(1));
  EXPECT_FALSE(quota.left(spec, evening)) << "and back: that day was begun";
  EXPECT_FALSE(quota.left(spec, day(2026, 11, 27) + hours(1))) << "it is not given twice";
  EXPECT_TRUE(quota.left(spec, day(2026, 11, 28)));
}

TEST(Quota, GoesOnFromWhatWasKept) {
  Quota quota(day(2026, 11, 1), 90);
  const QuotaSpec spec{100, Period::Month};
  EXPECT_TRUE(quota.left(spec, day(2026, 11, 26)));
  quota.add(spec, 30, day(2026, 11, 26));
  EXPECT_EQ(quota.used(), 120U) << "the last request may go over";
  EXPECT_FALSE(quota.left(spec, day(2026, 11, 30)));
}

}  // namespace
}  // namespace slipway::gateway

#include "crds/base/time.hpp"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using std::chrono::milliseconds;

TEST(Time, PrintsWholeSecondsAndMicroseconds) {
  const Time time{milliseconds{1'795'442'520'250}};
  EXPECT_EQ(to_rfc3339(time), "2026-11-23T14:02:00Z");
  EXPECT_EQ(to_rfc3339_micro(time), "2026-11-23T14:02:00.250000Z");
}

TEST(Time, ParsesWhatKubernetesWrites) {
  EXPECT_EQ(parse_rfc3339("2026-11-23T14:02:00Z"), Time{milliseconds{1'795'442'520'000}});
  EXPECT_EQ(parse_rfc3339("2026-11-23T14:02:00.250000Z"), Time{milliseconds{1'795'442'520'250}});
  EXPECT_EQ(parse_rfc3339("2026-11-23T16:02:00+02:00"), Time{milliseconds{1'795'442'520'000}});
}

TEST(Time, RefusesEverythingElse) {
  for (const char* text :
       {"", "yesterday", "2026-11-23", "2026-13-01T00:00:00Z", "2026-11-23T14:02:00Zx"})
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
}

}  // namespace
}  // namespace slipway

#include "crds/base/utf8.hpp"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Readable, LeavesUtf8AsItIs) {
  for (const char* text : {"", "plain\n", "\xC3\xA9", "\xE4\xB8\x96", "\xF0\x9F\x9A\xA2"})
    EXPECT_EQ(readable(text), text);
}

TEST(Readable, ReplacesWhatIsNone) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(readable("a\xFFz"), "a" + mark + "z");
  EXPECT_EQ(readable("\xC3"), mark) << "half a character";
  EXPECT_EQ(readable("\xC0\x80"), mark + mark) << "an overlong form";
  EXPECT_EQ(readable("\xED\xA0\x80"), mark + mark + mark) << "a surrogate";
  EXPECT_EQ(readable("\xF4\x90\x80\x80"), mark + mark + mark + mark) << "beyond Unicode";
}

TEST(Readable, IsCutBetweenCharacters) {
  EXPECT_EQ(readable("a\xC3\xA9z", 2), "a");
  EXPECT_EQ(readable("a\xC3\xA9z", 3), "a\xC3\xA9");
}

}  // namespace
}  // namespace slipway

#include "reconcilers/common/names.hpp"

#include <gtest/gtest.h>

#include <set>

namespace slipway {
namespace {

TEST(ChildName, KeepsShortNames) {
  EXPECT_EQ(child_name("chat", "bcdf2456"), "chat-bcdf2456");
}

TEST(ChildName, CutsLongNamesAndKeepsThemApart) {
  const std::string long_a = std::string(250, 'a') + "one";
  const std::string long_b = std::string(250, 'a') + "two";
  EXPECT_EQ(child_name(long_a, "bcdf2456").size(), kMaxNameLength);
  EXPECT_LE(child_name(long_a, std::string(63, 'r')).size(), kMaxNameLength);
  EXPECT_NE(child_name(long_a, "bcdf2456"), child_name(long_b, "bcdf2456"));
}

TEST(ChildName, NeverEndsThePartBeforeTheHashWithADash) {
  const std::string name = std::string(48, 'a') + "------" + std::string(100, 'b');
  EXPECT_EQ(child_name(name, "bcdf2456").find("--"), std::string::npos);
}

TEST(BoundedName, IsTheNameWhenItFits) {
  EXPECT_EQ(bounded_name(std::string(63, 'a')), std::string(63, 'a'));
  EXPECT_EQ(bounded_name(std::string(64, 'a')).size(), 63U);
}

TEST(ShortHash, StartsWithALetterAndIsStable) {
  EXPECT_EQ(short_hash("slipway"), short_hash("slipway"));
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string hash = short_hash(std::to_string(i));
    EXPECT_TRUE(hash.front() >= 'b' && hash.front() <= 'z') << hash;
    seen.insert(hash);
  }
  EXPECT_EQ(seen.size(), 10'000U);
}

}  // namespace
}  // namespace slipway

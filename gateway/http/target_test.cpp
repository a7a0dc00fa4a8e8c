#include "gateway/http/target.hpp"

#include <gtest/gtest.h>

namespace slipway::http {
namespace {

TEST(Target, IsTakenApart) {
  const auto target = split_target("HTTPS://h:1?q=/x?y", Method::Get);
  ASSERT_TRUE(target);
  EXPECT_EQ(target->authority, "h:1");
  EXPECT_EQ(target->path, "/");
  EXPECT_EQ(target->query, "q=/x?y");
  EXPECT_EQ(split_target("http://h", Method::Get)->path, "/");
  EXPECT_EQ(split_target("//h/x", Method::Get)->path, "//h/x") << "no authority of ours";
}

TEST(Target, KnowsHosts) {
  for (const char* host : {"a", "a.b-c:80", "a:", "[::1]", "[::1]:8080", "10.0.0.1:1"})
    EXPECT_TRUE(is_host(host)) << host;
  for (const char* host :
       {"", ":80", "a:b", "a:80:80", "[::1", "[::1]x", "::1", "a[b]", "a/b", "u@a"})
    EXPECT_FALSE(is_host(host)) << host;
}

TEST(NormalisePath, DecodesEscapes) {
  std::string scratch = "what was there";
  EXPECT_EQ(*normalise_path("/v1/models/a.b..c/...", scratch), "/v1/models/a.b..c/...");
  EXPECT_EQ(*normalise_path("/v1/%6d%6Fdels/a%20b%C3%A9%25", scratch), "/v1/models/a b\xC3\xA9%");
  EXPECT_EQ(*normalise_path("*", scratch), "*");
}

class RefusesPath : public testing::TestWithParam<const char*> {};

TEST_P(RefusesPath, ThatCouldMeanAnother) {
  std::string scratch;
  const auto path = normalise_path(GetParam(), scratch);
  ASSERT_FALSE(path) << *path;
  EXPECT_EQ(path.error().status, 400);
}

INSTANTIATE_TEST_SUITE_P(Table, RefusesPath,
                         testing::Values("/a/../b", "/..", "/.", "/a/.", "/a/%2e%2E/b", "/a/.%2e",
                                         "/a/..;x/b", "/a%2Fb", "/a%2fb", "/a%5cb", "/a\\b",
                                         "/a%00", "/a%0d%0a", "/a%7F", "/a%", "/a%4", "/a%4g",
                                         "/a%%41", "/%252e%252e/b"));

}  // namespace
}  // namespace slipway::http

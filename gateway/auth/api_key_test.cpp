#include "gateway/auth/api_key.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "gateway/auth/new_key.hpp"

namespace slipway::gateway {
namespace {

constexpr const char* kKey = "sk-abcdefgh-AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJKKK";

std::string hex(const Mac& mac) {
  std::string out;
  for (const unsigned char byte : mac) out += fmt::format("{:02x}", byte);
  return out;
}

std::shared_ptr<const Snapshot> snapshot_with(const KeyRecord& key) {
  GatewayConfig config;
  config.listeners = {{"127.0.0.1:80", "", ""}};
  config.pepper_file = "/pepper";
  config.tenants = {{"team-a", {key}, {}, std::nullopt}};
  const auto done = compile(config);
  EXPECT_TRUE(done) << done.error().what;
  return done->snapshot;
}

KeyRecord record() {
  KeyVerifier verifier("pepper");
  return {"abcdefgh", hex(verifier.mac(kKey)), "", false};
}

// RFC 4231, test case 2.
TEST(KeyVerifier, MakesTheMacOfThePublishedVector) {
  KeyVerifier verifier("Jefe");
  for (int again = 0; again < 2; ++again)
    EXPECT_EQ(hex(verifier.mac("what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(KeyVerifier, TellsGoodKeysFromOthers) {
  KeyVerifier verifier("pepper");
  const auto snapshot = snapshot_with(record());
  const Time now{};
  const auto verdict = [&](std::string_view key) {
    return verifier.check(key, *snapshot, now).verdict;
  };
  EXPECT_EQ(verdict(kKey), KeyVerdict::Good);
  EXPECT_EQ(verdict(""), KeyVerdict::Missing);
  EXPECT_EQ(verdict("abc"), KeyVerdict::Malformed);
  EXPECT_EQ(verdict("sk-abcdefgh-"), KeyVerdict::Malformed);
  EXPECT_EQ(verdict("sk-" + std::string(300, 'x') + "-y"), KeyVerdict::Malformed);
  EXPECT_EQ(verdict(std::string(kKey) + "x"), KeyVerdict::Wrong);
  EXPECT_EQ(verdict("sk-zzzzzzzz-AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJKKK"), KeyVerdict::Wrong);
  EXPECT_EQ(KeyVerifier("salt").check(kKey, *snapshot, now).verdict, KeyVerdict::Wrong);
}

TEST(KeyVerifier, RefusesExpiredAndRevokedKeysByName) {
  KeyVerifier verifier("pepper");
  KeyRecord key = record();
  key.expires = "2026-01-01T00:00:00Z";
  const Time end = *parse_rfc3339(key.expires);
  const auto snapshot = snapshot_with(key);
  EXPECT_EQ(verifier.check(kKey, *snapshot, end - Duration(1)).verdict, KeyVerdict::Good);
  EXPECT_EQ(verifier.check(kKey, *snapshot, end).verdict, KeyVerdict::Expired);
  key.revoked = true;
  EXPECT_EQ(verifier.check(kKey, *snapshot_with(key), end - Duration(1)).verdict,
            KeyVerdict::Revoked);
}

TEST(NewKey, IsAcceptedWithItsOwnRecordOnly) {
  KeyBytes random{};
  for (std::size_t i = 0; i < random.size(); ++i)
    random[i] = static_cast<unsigned char>(i * 37 + 5);
  const NewKey made = make_key(random, "pepper");
  EXPECT_EQ(made.text.size(), 3 + 8 + 1 + 43);
  EXPECT_TRUE(made.text.starts_with("sk-" + made.record.id + "-"));
  KeyVerifier verifier("pepper");
  const auto snapshot = snapshot_with(made.record);
  EXPECT_EQ(verifier.check(made.text, *snapshot, Time{}).verdict, KeyVerdict::Good);
  random.back() ^= 0x80;
  const NewKey other = make_key(random, "pepper");
  EXPECT_EQ(other.record.id, made.record.id);
  EXPECT_EQ(verifier.check(other.text, *snapshot, Time{}).verdict, KeyVerdict::Wrong);
}

TEST(ApiKey, IsReadFromEitherField) {
  EXPECT_EQ(key_in("Bearer k", ""), "k");
  EXPECT_EQ(key_in("bearer  k ", "x"), "k");
  EXPECT_EQ(key_in("Basic k", "x"), "x");
  EXPECT_EQ(key_in("Bearer ", ""), "");
  EXPECT_EQ(key_in("", ""), "");
}

TEST(ApiKey, ShowsOnlyItsEnd) {
  EXPECT_EQ(ending_of(kKey), "...JKKK");
  EXPECT_EQ(ending_of("short"), "...");
}

}  // namespace
}  // namespace slipway::gateway

#include "gateway/auth/jwt/base64url.hpp"

#include <gtest/gtest.h>

#include "gateway/auth/jwt/testing/signer.hpp"

namespace slipway::jwt {
namespace {

TEST(Base64url, ReadsWhatEncodersWrite) {
  EXPECT_EQ(decode_base64url(""), "");
  EXPECT_EQ(decode_base64url("Zg"), "f");
  EXPECT_EQ(decode_base64url("Zm8"), "fo");
  EXPECT_EQ(decode_base64url("Zm9v"), "foo");
  EXPECT_EQ(decode_base64url("-_8"), "\xfb\xff");
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(decode_base64url(testing::base64url(bytes)), bytes);
    bytes.push_back(static_cast<char>(i * 37));
  }
}

TEST(Base64url, GivesEachValueOneSpelling) {
  for (const char* text : {"Zg==", "Zm8=", "Zm9v=", "Z", "Zm9vY", "Zh", "Zm9", "+/8", "Zm 9v",
                           "Zm9v\n", "Zm\r\n9v", "Zm9v.", "Z\xc3\xa9", "\xef\xbb\xbfZg"})
    EXPECT_EQ(decode_base64url(text), std::nullopt) << text;
  EXPECT_EQ(decode_base64url(std::string_view("Zg\0", 3)), std::nullopt);
}

}  // namespace
}  // namespace slipway::jwt

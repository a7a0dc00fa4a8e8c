#include "gateway/auth/jwt/strict_json.hpp"

#include <gtest/gtest.h>

#include <string>

namespace slipway::jwt {
namespace {

std::string nested(std::size_t lists) {
  return R"({"a":)" + std::string(lists, '[') + std::string(lists, ']') + "}";
}

TEST(StrictJson, ReadsObjects) {
  for (const char* text : {"{}", " {\"a\":1}\r\n", R"({"a":{"b":1},"c":{"b":2}})",
                           R"({"a":[{"b":1},{"b":2}],"A":0,"":0})"})
    EXPECT_TRUE(StrictJson::parse(text)) << text;
  const auto json = StrictJson::parse(R"({"\u0061":"\u00e9"})");
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(plain_text(*member(json->object(), "a"), 2), "\u00e9");
  EXPECT_EQ(member(json->object(), "A"), std::nullopt);
}

TEST(StrictJson, RefusesAllElse) {
  for (const char* text : {"",
                           " ",
                           "[]",
                           "\"a\"",
                           "1",
                           "null",
                           "{",
                           "{}}",
                           "{}{}",
                           "{} x",
                           "{,}",
                           R"({"a":1,})",
                           R"({"a"})",
                           R"({a:1})",
                           R"({'a':1})",
                           R"({"a":01})",
                           R"({"a":+1})",
                           R"({"a":NaN})",
                           R"({"a":1e999})",
                           R"({"a":tru})",
                           "{\"a\":\"\n\"}",
                           "{\"a\":\"\xff\"}",
                           "{\"a\":\"\xc0\xaf\"}",
                           "{\"a\":\"\xed\xa0\x80\"}",
                           R"({"a":"\ud800"})",
                           R"({"a":"\udc00"})",
                           R"({"a":"\x41"})",
                           "\xef\xbb\xbf{}",
                           "{}//",
                           R"({"a":1,"a":1})",
                           R"({"a":1,"b":2,"\u0061":1})",
                           R"({"a":{"b":1,"b":1}})",
                           R"({"a":[[{"b":1,"b":1}]]})"})
    EXPECT_FALSE(StrictJson::parse(text)) << text;
  EXPECT_FALSE(StrictJson::parse(std::string_view("{}\0", 3)));
}

TEST(StrictJson, BoundsNesting) {
  EXPECT_TRUE(StrictJson::parse(nested(30)));
  for (const std::size_t lists : {32U, 1000U, 10'000U, 1'000'000U})
    EXPECT_FALSE(StrictJson::parse(nested(lists))) << lists;
}

TEST(PlainText, HasNoControlCharacters) {
  const auto read = [](const std::string& value) {
    const auto json = StrictJson::parse("{\"a\":" + value + "}");
    const auto text = plain_text(*member(json->object(), "a"), 4);
    return text ? std::optional<std::string>(*text) : std::nullopt;
  };
  EXPECT_EQ(read(R"("")"), "");
  EXPECT_EQ(read(R"("abcd")"), "abcd");
  for (const char* value : {R"("abcde")", R"("\u0000")", R"("a\n")", R"("\u001f")", R"("\u007f")",
                            "7", "null", R"(["a"])"})
    EXPECT_EQ(read(value), std::nullopt) << value;
}

}  // namespace
}  // namespace slipway::jwt

#include "gateway/body/text.hpp"

#include <gtest/gtest.h>

#include "crds/base/json.hpp"

namespace slipway::body {
namespace {

std::string unescaped(std::string_view raw) {
  std::string out;
  append_unescaped(out, raw);
  return out;
}

TEST(Text, UnescapesAsAJsonParserDoes) {
  for (const std::string raw :
       {"", "plain", R"(a\"b\\c\/\b\f\n\r\t)", R"(mod\u0065l \u00e9\u20AC)", R"(\ud83d\ude00z)"})
    EXPECT_EQ(unescaped(raw), Json::parse("\"" + raw + "\"").get<std::string>()) << raw;
}

TEST(Text, ReplacesWhatIsBroken) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(unescaped(R"(\ud800)"), mark);
  EXPECT_EQ(unescaped(R"(\ud800\u0041)"), mark + "A");
  EXPECT_EQ(unescaped(R"(\udc00x)"), mark + "x");
  EXPECT_EQ(unescaped(R"(\u12)"), mark + "12");
  EXPECT_EQ(unescaped("\\"), mark);
}

TEST(Text, QuotesAndBack) {
  const std::string text("a\"b\\c\n\x01\0\xC3\xA9", 10);
  std::string out;
  append_quoted(out, text);
  EXPECT_EQ(Json::parse(out).get<std::string>(), text);
}

}  // namespace
}  // namespace slipway::body

#include "gateway/body/splice.hpp"

#include <gtest/gtest.h>

#include "crds/base/json.hpp"
#include "gateway/body/body_scanner.hpp"

namespace slipway::body {
namespace {

RequestFacts facts_of(std::string_view body) {
  BodyScanner scanner;
  EXPECT_TRUE(scanner.push(body));
  EXPECT_TRUE(scanner.finish());
  return scanner.facts();
}

std::string applied(std::string body, const Splice& splice) {
  const std::size_t before = body.size();
  body.replace(splice.at.offset, splice.at.length, splice.text);
  EXPECT_EQ(static_cast<std::int64_t>(body.size() - before), growth(splice));
  return body;
}

TEST(Splice, AsksForUsageInEveryForm) {
  for (const std::string body :
       {R"({})", R"({ "model":"m"})", R"({"stream_options":null,"a":1})",
        R"({"stream_options": {} })", R"({"a":{},"stream_options":{"x":{"include_usage":1}}})",
        R"({"stream_options":{"include_usage":false}})",
        R"({"stream_options":{"x":1,"include_\u0075sage" : null }})"}) {
    const auto splice = ask_for_usage(facts_of(body));
    ASSERT_TRUE(splice) << body;
    const std::string edited = applied(body, *splice);
    Json expected = Json::parse(body);
    if (!expected["stream_options"].is_object()) expected["stream_options"] = Json::object();
    expected["stream_options"]["include_usage"] = true;
    EXPECT_TRUE(nlohmann::json(Json::parse(edited)) == nlohmann::json(expected)) << edited;
    EXPECT_FALSE(ask_for_usage(facts_of(edited)));
  }
}

TEST(Splice, NamesAnotherModel) {
  const std::string body = R"({"messages":[{"model":"x"}], "model" : "a\"b" , "n":1})";
  std::string quoted;
  const Splice splice = rename_model(facts_of(body), "org/\"m\"", quoted);
  EXPECT_EQ(applied(body, splice),
            R"({"messages":[{"model":"x"}], "model" : "org/\"m\"" , "n":1})");
}

}  // namespace
}  // namespace slipway::body

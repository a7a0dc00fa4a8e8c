#include "gateway/body/body_scanner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "gateway/body/testing/reference.hpp"

namespace slipway::body {
namespace {

struct Outcome {
  tl::expected<void, BodyError> result;
  RequestFacts facts;
  std::vector<std::uint64_t> hashes;
};

Outcome scan(std::string_view body, std::size_t piece = 1u << 30,
             const Lexer& lexer = lexers()[0]) {
  BodyScanner scanner(lexer);
  while (!body.empty()) {
    const std::string part(body.substr(0, piece));  // what was given before need not live on
    if (!scanner.push(part)) break;
    body.remove_prefix(part.size());
  }
  const auto result = scanner.finish();
  return {
      result, scanner.facts(), {scanner.prefix_hashes().begin(), scanner.prefix_hashes().end()}};
}

std::string text_at(std::string_view body, Range at) {
  return std::string(body.substr(at.offset, at.length));
}

TEST(BodyScanner, FindsWhatTheGatewayActsUpon) {
  const std::string body =
      R"({"model": "llama \u00e9", "messages":[{"role":"user","content":"model","n":7}],"stream":true,)"
      R"("stream_options":{"include_usage":false},"max_tokens":16,"max_completion_tokens" : 32 ,)"
      R"("n":2,"user":"u\n","prompt_cache_key":"k","temperature":-0.5e+3})";
  const Outcome outcome = scan(body);
  ASSERT_TRUE(outcome.result) << outcome.result.error().what;
  const RequestFacts& facts = outcome.facts;
  EXPECT_EQ(facts.model, "llama \xC3\xA9");
  EXPECT_EQ(text_at(body, facts.model_at), R"("llama \u00e9")");
  EXPECT_EQ(facts.stream, true);
  EXPECT_EQ(facts.include_usage, false);
  EXPECT_EQ(text_at(body, *facts.include_usage_at), "false");
  EXPECT_EQ(facts.max_tokens, 32U);
  EXPECT_EQ(facts.n, 2U);
  EXPECT_EQ(facts.user, "u\n");
  EXPECT_EQ(facts.prompt_cache_key, "k");
  EXPECT_TRUE(facts.has_messages);
  EXPECT_FALSE(facts.has_prompt || facts.has_input);
}

TEST(BodyScanner, LooksAtTheTopLevelOnly) {
  const Outcome outcome = scan(R"({"a":{"model":1,"stream":"x"},"b":[{"model":[]}],"prompt":"p"})");
  ASSERT_TRUE(outcome.result);
  EXPECT_FALSE(outcome.facts.model || outcome.facts.stream);
  EXPECT_TRUE(outcome.facts.has_prompt);
}

TEST(BodyScanner, FindsAModelBehindALongConversation) {
  const std::string body =
      R"({"messages":[{"content":")" + std::string(5u << 20, 'x') + R"("}],"mod\u0065l":"m"})";
  const Outcome outcome = scan(body);
  ASSERT_TRUE(outcome.result);
  EXPECT_EQ(outcome.facts.model, "m");
  EXPECT_EQ(outcome.hashes.size(), PrefixHash::kMostBlocks);
}

TEST(BodyScanner, TakesNullForAbsent) {
  const Outcome outcome = scan(
      R"({"model":null,"stream":null,"stream_options":null,"max_tokens":null,"user":null,"input":null})");
  ASSERT_TRUE(outcome.result) << outcome.result.error().what;
  const RequestFacts& facts = outcome.facts;
  EXPECT_FALSE(facts.model || facts.stream || facts.max_tokens || facts.user || facts.has_input);
}

TEST(BodyScanner, TakesANegativeLimitForNone) {
  const Outcome outcome = scan(R"({"max_tokens":-1,"n":-0})");
  ASSERT_TRUE(outcome.result) << outcome.result.error().what;
  EXPECT_FALSE(outcome.facts.max_tokens || outcome.facts.n);
}

TEST(BodyScanner, HashesTheConversationAsWritten) {
  const std::string messages = R"([{"role":"user","content":")" + std::string(500, 'x') + R"("}])";
  PrefixHash expected;
  expected.feed(messages);
  const Outcome outcome = scan(R"({"model":"m","messages": )" + messages + R"( ,"n":1})");
  EXPECT_THAT(outcome.hashes, testing::ElementsAreArray(expected.hashes()));
  EXPECT_EQ(outcome.hashes.size(), 8U);
}

struct Wrong {
  const char* name;
  std::string body;
  std::uint64_t offset;
  const char* what;
};
class RefusesBody : public testing::TestWithParam<Wrong> {};

TEST_P(RefusesBody, AndNamesTheByte) {
  const Wrong& wrong = GetParam();
  for (const Lexer& lexer : lexers()) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
      const Outcome outcome = scan(wrong.body, piece, lexer);
      ASSERT_FALSE(outcome.result);
      EXPECT_EQ(outcome.result.error(), (BodyError{wrong.offset, wrong.what}))
          << outcome.result.error().offset << " " << outcome.result.error().what;
    }
  }
}

constexpr const char* kEnds = "the body ends before its object does";
constexpr const char* kBehind = "something behind the end of the object";
constexpr const char* kWord = "neither a number nor true, false or null";

INSTANTIATE_TEST_SUITE_P(
    Table, RefusesBody,
    testing::ValuesIn<Wrong>({
        {"empty", "", 0, "an empty body"},
        {"spaces", "  ", 2, kEnds},
        {"array", "[]", 0, "the text is no object"},
        {"number", "1", 0, "the text is no object"},
        {"byte_order_mark", "\xEF\xBB\xBF{}", 0, "the text is no object"},
        {"open_object", R"({"a":1)", 6, kEnds},
        {"open_string", R"({"a)", 3, kEnds},
        {"open_escape", R"({"a\)", 4, kEnds},
        {"open_unicode", R"({"a\u00)", 7, kEnds},
        {"open_character", "{\"a\xC3", 4, kEnds},
        {"half_pair_at_the_end", R"({"a\ud83d)", 9, kEnds},
        {"two_objects", "{}{}", 2, kBehind},
        {"text_behind", "{} x", 3, kBehind},
        {"comma_behind", "{},", 2, kBehind},
        {"no_colon", R"({"a" 1})", 5, "a value out of place"},
        {"no_comma", R"({"a":1 "b":2})", 7, "a value out of place"},
        {"comma_at_the_end", R"({"a":1,})", 7, "a closing bracket out of place"},
        {"comma_in_array", R"({"a":[1,]})", 8, "a closing bracket out of place"},
        {"two_colons", R"({"a"::1})", 5, "a colon out of place"},
        {"key_no_string", R"({1:2})", 1, "a member without a name"},
        {"wrong_bracket", R"({"a":[1}})", 7, "a closing bracket out of place"},
        {"word", R"({"a":nul})", 5, "a number or word that breaks off"},
        {"longer_word", R"({"a":nulls})", 9, kWord},
        {"leading_zero", R"({"a":01})", 6, kWord},
        {"plus", R"({"a":+1})", 5, kWord},
        {"point", R"({"a":1.})", 5, "a number or word that breaks off"},
        {"comment", R"({"a":1/*x*/})", 6, kWord},
        {"single_quotes", "{'a':1}", 1, "a member without a name"},
        {"control", "{\"a\":\"\n\"}", 6, "a control character in a string"},
        {"control_then_bracket", "{\"a\":\"\n\"]", 6, "a control character in a string"},
        {"bracket_then_control", "{\"a\":1]\"\n\"}", 6, "a closing bracket out of place"},
        {"escape", R"({"a":"\x"})", 7, "an invalid escape in a string"},
        {"utf8", "{\"a\":\"\x80\"}", 6, "not UTF-8"},
        {"model_twice", R"({"model":"a","model":"b"})", 19, "a member that is there twice"},
        {"model_twice_escaped", R"({"model":"a","mod\u0065l":"b"})", 24,
         "a member that is there twice"},
        {"model_number", R"({"model":1})", 9, "model is no string of at most 1024 bytes"},
        {"model_object", R"({"model":{}})", 9, "model is no string of at most 1024 bytes"},
        {"model_too_long", R"({"model":")" + std::string(1025, 'x') + "\"}", 9,
         "model is no string of at most 1024 bytes"},
        {"stream_text", R"({"stream":"true"})", 10, "stream is neither true nor false"},
        {"stream_one", R"({"stream":1})", 10, "stream is neither true nor false"},
        {"tokens_fraction", R"({"max_tokens":1.0})", 14, "max_tokens is no whole number"},
        {"tokens_negative", R"({"max_tokens":-1.5})", 14, "max_tokens is no whole number"},
        {"tokens_overflow", R"({"n":18446744073709551616})", 5, "n is no whole number"},
        {"tokens_text", R"({"n":"1"})", 5, "n is no whole number"},
        {"options_array", R"({"stream_options":[1]})", 18, "stream_options is no object"},
        {"usage_text", R"({"stream_options":{"include_usage":"true"}})", 35,
         "include_usage is neither true nor false"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(BodyScanner, BoundsTheDepth) {
  const auto nested = [](std::size_t depth, char open, char close) {
    return R"({"a":)" + std::string(depth, open) + std::string(depth, close) + "}";
  };
  EXPECT_TRUE(scan(nested(kMaxDepth - 1, '[', ']')).result);
  const Outcome deep = scan(nested(10'000, '[', ']'));
  ASSERT_FALSE(deep.result);
  EXPECT_EQ(deep.result.error(), (BodyError{5 + kMaxDepth - 1, "nested too deeply"}));
}

TEST(BodyScanner, IsTheSameHoweverItIsCut) {
  const std::string body =
      R"({"messages":[{"role":"user","content":"caf\u00e9 \ud83d\ude00 \\\" )"
      "\xF0\x9F\x98\x80"
      R"(","x":[1,-2.5e-7,true,null,{}]}],"model":"m\"","max_tokens":1234567890,)"
      R"("stream_options":{"include_usage":true},"stream":false,"pad":"                    "})";
  const Outcome whole = scan(body);
  ASSERT_TRUE(whole.result) << whole.result.error().what << whole.result.error().offset;
  for (std::size_t cut = 1; cut < body.size(); ++cut) {
    const Outcome pieces = scan(body, cut);
    ASSERT_TRUE(pieces.result) << cut;
    EXPECT_EQ(pieces.facts.model, "m\"");
    EXPECT_EQ(pieces.facts.model_at, whole.facts.model_at);
    EXPECT_EQ(pieces.facts.max_tokens, 1234567890U);
    EXPECT_EQ(pieces.facts.include_usage, true);
    EXPECT_EQ(pieces.hashes, whole.hashes);
  }
}

TEST(BodyScanner, IsUsedAgain) {
  BodyScanner scanner;
  ASSERT_TRUE(scanner.push(R"({"model":"a","stream":tru)"));
  EXPECT_FALSE(scanner.finish());
  scanner.reset();
  ASSERT_TRUE(scanner.push(R"({"model":"b"})"));
  ASSERT_TRUE(scanner.finish());
  EXPECT_EQ(scanner.facts().model, "b");
  EXPECT_FALSE(scanner.facts().stream);
}

// Bodies as clients send them and as they never should: parts put together at random.
std::string generated(std::mt19937& random, int depth) {
  static const std::vector<std::string> kScalars = {"1",
                                                    "-0",
                                                    "0.5",
                                                    "1e5",
                                                    "12345678901234567890",
                                                    "true",
                                                    "false",
                                                    "null",
                                                    "\"\"",
                                                    "\"a\"",
                                                    R"("\u0041\ud83d\ude00")",
                                                    R"("\\\"\n")",
                                                    "\"\xE2\x82\xAC\"",
                                                    R"("\ud800")",
                                                    "01",
                                                    "tru",
                                                    "\"\x80\"",
                                                    "\"\n\"",
                                                    "[",
                                                    "}",
                                                    "1e999"};
  static const std::vector<std::string> kKeys = {
      "model",
      "mod\\u0065l",
      "stream",
      "stream_options",
      "include_usage",
      "max_tokens",
      "n",
      "user",
      "messages",
      "input",
      "a",
      "b",
      "c",
      "a long name of a member that is of no interest to anybody"};
  const unsigned good = random() % 20 == 0 ? 21 : 13;  // most bodies have no wrong part
  const auto pick = random() % (depth > 5 ? 3 : 6);
  if (depth > 0 && pick < 3) return kScalars[random() % good];
  const bool object = depth == 0 || pick < 5;
  std::string out = object ? "{" : "[";
  const auto count = random() % 5;
  for (unsigned i = 0; i < count; ++i) {
    if (i > 0) out += random() % 50 == 0 ? "" : ",";
    if (random() % 3 == 0) out += std::string(random() % 70, ' ');
    if (object) out += "\"" + kKeys[random() % kKeys.size()] + "\":";
    out += generated(random, depth + 1);
  }
  return out + (object ? "}" : "]");
}

TEST(BodyScanner, AgreesWithAGeneralParser) {
  std::mt19937 random(7);
  int valid = 0;
  for (int i = 0; i < 30'000; ++i) {
    const std::string body = generated(random, 0);
    const body_reference::Reference reference = body_reference::reference_of(body);
    const Outcome outcome = scan(body, 1 + random() % 100, lexers()[random() % lexers().size()]);
    if (reference.doubtful) continue;
    const bool expected = reference.valid && body_reference::well_typed(reference.value);
    ASSERT_EQ(outcome.result.has_value(), expected) << body;
    if (!expected) continue;
    ++valid;
    ASSERT_EQ(outcome.facts.model.has_value(), !body_reference::absent(reference.value, "model"))
        << body;
    if (outcome.facts.model) {
      ASSERT_EQ(*outcome.facts.model, reference.value["model"].get<std::string>());
    }
  }
  EXPECT_GT(valid, 1000);
}

}  // namespace
}  // namespace slipway::body

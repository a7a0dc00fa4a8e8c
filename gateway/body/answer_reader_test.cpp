#include "gateway/body/answer_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace slipway::body {
namespace {

AnswerFacts read(std::string_view answer, std::size_t piece = 1u << 30) {
  AnswerReader reader;
  while (!answer.empty()) {
    const std::string part(answer.substr(0, piece));
    reader.feed(part);
    answer.remove_prefix(part.size());
  }
  return reader.facts();
}

struct Answer {
  const char* name;
  std::string text;
  AnswerFacts facts;
};
class ReadsAnswer : public testing::TestWithParam<Answer> {};

TEST_P(ReadsAnswer, HoweverItIsCut) {
  const Answer& answer = GetParam();
  for (std::size_t piece = 1; piece <= answer.text.size(); ++piece) {
    const AnswerFacts facts = read(answer.text, piece);
    EXPECT_EQ(facts.usage.prompt_tokens, answer.facts.usage.prompt_tokens) << piece;
    EXPECT_EQ(facts.usage.cached_tokens, answer.facts.usage.cached_tokens) << piece;
    EXPECT_EQ(facts, answer.facts) << piece;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, ReadsAnswer,
    testing::ValuesIn<Answer>({
        {"chat",
         R"({"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant",)"
         R"("content":"{\"usage\":{\"prompt_tokens\":9}}"},"finish_reason":"stop"}],"usage":)"
         R"({"prompt_tokens":12,"completion_tokens":3,"total_tokens":15,)"
         R"("prompt_tokens_details":{"audio_tokens":1,"cached_tokens":8}}})",
         {.usage = {12, 3, 15, 8}, .has_usage = true, .finished = true}},
        {"chunk",
         R"({"object":"chat.completion.chunk","choices":[{"delta":{"content":"a"},"finish_reason":null}],)"
         R"("usage":null})",
         {}},
        {"usage_chunk",
         R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}})",
         {.usage = {1, 2, {}, {}}, .has_usage = true, .no_choices = true}},
        {"usage_before_choices",
         R"({ "usage" : { "total_tokens" : 7 } , "choices" : [ { } ] })",
         {.usage = {{}, {}, 7, {}}, .has_usage = true}},
        {"embedding",
         R"({"object":"list","data":[{"embedding":[0.1,-2e-3]}],"usage":{"prompt_tokens":4}})",
         {.usage = {4, {}, {}, {}}, .has_usage = true}},
        {"responses",
         R"({"type":"response.completed","response":{"status":"completed","error":null,"usage":)"
         R"({"input_tokens":5,"input_tokens_details":{"cached_tokens":2},"output_tokens":6,)"
         R"("output_tokens_details":{"reasoning_tokens":1},"total_tokens":11}}})",
         {.usage = {5, 6, 11, 2}, .has_usage = true, .finished = true}},
        {"responses_failed",
         R"({"type":"response.failed","response":{"error":{"code":"x"}}})",
         {.failed = true}},
        {"message_start",
         R"({"type":"message_start","message":{"content":[],"stop_reason":null,"usage":)"
         R"({"input_tokens":10,"cache_read_input_tokens":4,"output_tokens":1}}})",
         {.usage = {10, 1, {}, 4}, .has_usage = true}},
        {"message_delta",
         R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}})",
         {.usage = {{}, 15, {}, {}}, .has_usage = true, .finished = true}},
        {"error", R"({"error":{"message":"no","usage":{"total_tokens":1}}})", {.failed = true}},
        {"error_text", R"({"error":"no"})", {.failed = true}},
        {"no_error", R"({"error":null})", {}},
        {"error_of_another_form", R"({"object":"error","message":"no"})", {.failed = true}},
        {"usage_elsewhere",
         R"({"a":{"usage":{"total_tokens":1}},"b":[{"usage":{"total_tokens":2}}]})",
         {}},
        {"usage_is_an_array", R"({"usage":[{"total_tokens":1}]})", {}},
        {"usage_too_deep", R"({"usage":{"x":{"total_tokens":1}}})", {.has_usage = true}},
        {"no_numbers",
         R"({"usage":{"total_tokens":1.5,"prompt_tokens":-1,"completion_tokens":"2"}})",
         {.has_usage = true}},
        {"huge",
         R"({"usage":{"total_tokens":99999999999999999999,"prompt_tokens":3}})",
         {.usage = {3, {}, {}, {}}, .has_usage = true}},
        {"escaped_text",
         R"({"a":"\\","b":"\"","usage":{"total_tokens":1}})",
         {.usage = {{}, {}, 1, {}}, .has_usage = true}},
        {"second_answer", R"({}{"usage":{"total_tokens":1}})", {}},
        {"array", R"([{"usage":{"total_tokens":1}}])", {}},
        {"broken", R"(]}}{"usage":{"total_tokens":1}})", {}},
        {"deep", std::string(300, '[') + std::string(300, ']'), {}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(AnswerReader, ReadsBehindALongUnwatchedPart) {
  const std::string text = R"({"data":[)" + std::string(100'000, '7') +
                           R"(,{"x":["]}"]}],"usage":)" + R"({"prompt_tokens":4}})";
  EXPECT_EQ(read(text).usage.prompt_tokens, 4U);
}

}  // namespace
}  // namespace slipway::body

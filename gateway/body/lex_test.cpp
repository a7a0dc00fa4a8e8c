#include "gateway/body/lex.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace slipway::body {
namespace {

struct Outcome {
  std::vector<std::uint64_t> masks;
  LexError error = LexError::None;
  std::size_t error_at = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome lex(const Lexer& lexer, std::string text) {
  text.resize((text.size() / kBlock + 1) * kBlock, ' ');
  LexState state;
  std::vector<TokenBlock> blocks(text.size() / kBlock);
  const Lexed lexed = lexer.lex(state, text.data(), blocks.size(), blocks.data());
  Outcome outcome{{}, lexed.error, lexed.error_at};
  for (std::size_t i = 0; i < lexed.blocks; ++i)
    outcome.masks.insert(outcome.masks.end(),
                         {blocks[i].index, blocks[i].events, blocks[i].scalar});
  return outcome;
}

// Bytes that matter, in any order; `text` of them are ordinary ones.
std::string noise(std::mt19937& random, std::size_t size, unsigned text) {
  static const std::vector<std::string> kParts = {"\"",
                                                  "\\",
                                                  "\\\\",
                                                  "\\\"",
                                                  "\\u",
                                                  "\\ud83d\\ude00",
                                                  "\\uD800",
                                                  "\\udc00",
                                                  "{",
                                                  "}",
                                                  "[",
                                                  "]",
                                                  ":",
                                                  ",",
                                                  " ",
                                                  "\t",
                                                  "\n",
                                                  "\r",
                                                  "\x01",
                                                  "\x1a",
                                                  "\x0c",
                                                  "1",
                                                  "e",
                                                  "-",
                                                  "+",
                                                  "true",
                                                  "\xC3\xA9",
                                                  "\xE2\x82\xAC",
                                                  "\xED\x9F\xBF",
                                                  "\xF0\x9F\x98\x80",
                                                  "\xF4\x8F\xBF\xBF",
                                                  "\x80",
                                                  "\xC0",
                                                  "\xED\xA0\x80",
                                                  "\xE0\x80",
                                                  "\xF0\x80",
                                                  "\xF4\x90",
                                                  "\xFF",
                                                  "\x7f",
                                                  "\x5b",
                                                  std::string(1, '\0')};
  std::string out;
  while (out.size() < size)
    out += random() % 100 < text ? std::string(1, static_cast<char>('a' + random() % 26))
                                 : kParts[random() % kParts.size()];
  return out;
}

TEST(Lexers, AllSayTheSame) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = noise(random, random() % 300, random() % 100);
    const Outcome scalar = lex(lexers().back(), text);
    for (const Lexer& lexer : lexers())
      ASSERT_EQ(lex(lexer, text), scalar) << lexer.name << "\n" << text;
  }
}

struct Wrong {
  const char* name;
  std::string text;  // the inside of a string
  LexError error;
  std::size_t at;
};
class FindsError : public testing::TestWithParam<Wrong> {};

// At every place in a block, and across the end of one.
TEST_P(FindsError, WhereverItIs) {
  for (const Lexer& lexer : lexers()) {
    for (std::size_t before = 0; before < 2 * kBlock; ++before) {
      const std::string text = "\"" + std::string(before, 'x') + GetParam().text + "xxxxxxxxxx\"";
      const Outcome outcome = lex(lexer, text);
      ASSERT_EQ(outcome.error, GetParam().error) << lexer.name << " " << before;
      if (outcome.error != LexError::None) {
        ASSERT_EQ(outcome.error_at, 1 + before + GetParam().at) << lexer.name << " " << before;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Table, FindsError,
                         testing::ValuesIn<Wrong>({
                             {"nothing", "plain", LexError::None, 0},
                             {"simple_escapes", R"(\"\\\/\b\f\n\r\t)", LexError::None, 0},
                             {"unicode_escape", R"(\u00e9\uFFFF)", LexError::None, 0},
                             {"pair", R"(\ud83d\uDE00\uDBFF\udfff)", LexError::None, 0},
                             {"characters",
                              "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xED\x9F\xBF\xF4\x8F\xBF\xBF",
                              LexError::None, 0},
                             {"delete", "\x7f", LexError::None, 0},
                             {"newline", "a\nb", LexError::Control, 1},
                             {"nul", std::string("\0", 1), LexError::Control, 0},
                             {"unknown_escape", R"(\x)", LexError::Escape, 1},
                             {"upper_case_u", R"(\U0041)", LexError::Escape, 1},
                             {"three_digits", R"(\u12g4)", LexError::Escape, 4},
                             {"first_half_only", R"(\ud800)", LexError::Escape, 9},
                             {"first_half_twice", R"(\ud800\ud800)", LexError::Escape, 9},
                             {"second_half_only", R"(\udc00)", LexError::Escape, 3},
                             {"lone_continuation", "\x80", LexError::Utf8, 0},
                             {"breaks_off", "\xE2\x82", LexError::Utf8, 2},
                             {"overlong_2", "\xC1\x81", LexError::Utf8, 0},
                             {"overlong_3", "\xE0\x9F\xBF", LexError::Utf8, 1},
                             {"overlong_4", "\xF0\x8F\xBF\xBF", LexError::Utf8, 1},
                             {"surrogate", "\xED\xA0\x80", LexError::Utf8, 1},
                             {"beyond", "\xF4\x90\x80\x80", LexError::Utf8, 1},
                             {"no_lead", "\xF5\x80\x80\x80", LexError::Utf8, 0},
                             {"one_too_many", "\xC3\xA9\xA9", LexError::Utf8, 2},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace slipway::body

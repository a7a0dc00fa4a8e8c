// Finds the tokens of a JSON text 64 bytes at a time, with one bit for each byte (the method of
// Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019): quotes, escapes and brackets
// are found by arithmetic on bit masks, not by looking at one byte after the other. Also checks
// what needs no grammar: UTF-8, escapes, controls in strings. Pure.
//
// There are three lexers, which differ in how they make masks of bytes and in nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace slipway::body {

inline constexpr std::size_t kBlock = 64;  // bytes: one for each bit of a mask

// What a block must know of the one before it. Bit 63 of a mask is its last byte.
struct LexState {
  std::uint64_t in_string = 0;  // all ones: the block begins inside a string
  std::uint64_t escaped = 0;    // 1: the first byte is escaped
  std::uint64_t scalar = 0;     // 1: the byte before is part of a number or word
  // Positions of: the u of a \u escape, its first digit if that is a D, its second digit if that
  // makes it the first half of a surrogate pair.
  std::uint64_t u = 0, digit_d = 0, high_half = 0;
  std::uint64_t unicode_goes_on = 0;  // not 0: some of these three concern the next block
  // Lead bytes of characters of at least two, three and four bytes, and those whose second byte is
  // bounded further (table 3-7 of Unicode).
  std::uint64_t lead2 = 0, lead3 = 0, lead4 = 0, e0 = 0, ed = 0, f0 = 0, f4 = 0;
};

// A block in which a token begins or goes on; other blocks (inside a long string) are left out.
struct TokenBlock {
  std::uint32_t index = 0;  // of the block, in the bytes that were given
  std::uint64_t events =
      0;  // brackets, colons, commas; both quotes of strings; scalars' first bytes
  std::uint64_t scalar = 0;  // all bytes of numbers and words, and of whatever should be neither
};

enum class LexError : std::uint8_t { None, Control, Escape, Utf8 };

struct Lexed {
  std::size_t blocks = 0;  // in the list of token blocks
  // The first error ends the lexing. What lies behind it in its block is not to be used.
  LexError error = LexError::None;
  std::size_t error_at = 0;  // position of the byte in the bytes that were given
};

// Lexes `count` blocks. REQUIRES: `bytes` has count * kBlock bytes, `out` room for `count`.
using LexBlocks = Lexed (*)(LexState& state, const char* bytes, std::size_t count, TokenBlock* out);

struct Lexer {
  const char* name;
  LexBlocks lex;
};

// What this processor can run, the quickest first.
std::span<const Lexer> lexers();

}  // namespace slipway::body

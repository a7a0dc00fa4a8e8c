// The lexer's arithmetic, for the lex_*.cpp files: each gives `Masks`, which makes masks of a block
// of 64 bytes. A file may be compiled for a processor that has more instructions than others, so
// nothing here may call an inline function of a library: the linker keeps one copy for all.
#pragma once

#include "gateway/body/lex.hpp"

#define SLIPWAY_INLINE [[gnu::always_inline]] inline

namespace slipway::body {
namespace {

using Mask = std::uint64_t;

struct TextMasks {
  Mask quote, backslash, control /* below 0x20 */, high /* above 0x7f */;
};
struct TokenMasks {
  Mask op /* one of {}[]:, */, space /* of JSON */;
};
struct EscapeMasks {
  Mask simple /* what stands for one character: "\/bfnrt */, u, hex, d /* dD */;
  Mask high_half /* 89abAB */, low_half /* c-f, C-F */;
};
struct Utf8Masks {
  Mask from_90, from_a0, from_c0, from_c2, from_e0, from_f0, from_f5;  // bytes of at least 0x90 ...
  Mask e0, ed, f0, f4;                                                 // bytes of this value
};

// `mask` moved on by `n` places, with what comes in from the block before.
SLIPWAY_INLINE Mask shifted(Mask mask, Mask before, int n) {
  return mask << n | before >> (64 - n);
}

// Bit i is the parity of the bits 0 to i: ones from an opening quote to before the closing one.
SLIPWAY_INLINE Mask prefix_xor(Mask mask) {
  for (int n = 1; n < 64; n *= 2) mask ^= mask << n;
  return mask;
}

// The bytes behind a backslash that is not itself escaped. In a row of backslashes every other one
// escapes; the carry of an addition runs along each row and tells where it ends.
SLIPWAY_INLINE Mask find_escaped(Mask backslash, Mask& carry) {
  constexpr Mask kEven = 0x5555'5555'5555'5555;
  if ((backslash | carry) == 0) return 0;
  backslash &= ~carry;
  const Mask follows = backslash << 1 | carry;
  const Mask odd_starts = backslash & ~kEven & ~follows;
  Mask on_even = 0;
  carry = __builtin_add_overflow(odd_starts, backslash, &on_even) ? 1 : 0;
  return (kEven ^ on_even << 1) & follows;
}

SLIPWAY_INLINE Mask escape_errors(LexState& state, Mask escaped, const EscapeMasks& is) {
  const Mask u = escaped & is.u;
  const Mask digits = shifted(u, state.u, 1) | shifted(u, state.u, 2) | shifted(u, state.u, 3) |
                      shifted(u, state.u, 4);
  const Mask digit_d = shifted(u, state.u, 1) & is.d;
  const Mask second = shifted(digit_d, state.digit_d, 1);
  const Mask high_half = second & is.high_half;
  // The second half's digit comes six bytes after that of the first, and never without it.
  const Mask pairs = shifted(high_half, state.high_half, 6) ^ (second & is.low_half);
  state.u = u;
  state.digit_d = digit_d;
  state.high_half = high_half;
  return (escaped & ~(is.simple | is.u)) | (digits & ~is.hex) | pairs;
}

SLIPWAY_INLINE Mask utf8_errors(LexState& state, Mask high, const Utf8Masks& is) {
  const Mask lead2 = is.from_c2 & ~is.from_f5;
  const Mask lead3 = is.from_e0 & ~is.from_f5;
  const Mask lead4 = is.from_f0 & ~is.from_f5;
  const Mask wanted = shifted(lead2, state.lead2, 1) | shifted(lead3, state.lead3, 2) |
                      shifted(lead4, state.lead4, 3);
  Mask errors = wanted ^ (high & ~is.from_c0);
  errors |= (is.from_c0 & ~is.from_c2) | is.from_f5;
  errors |= shifted(is.e0, state.e0, 1) & ~is.from_a0;  // overlong
  errors |= shifted(is.ed, state.ed, 1) & is.from_a0;   // a surrogate
  errors |= shifted(is.f0, state.f0, 1) & ~is.from_90;  // overlong
  errors |= shifted(is.f4, state.f4, 1) & is.from_90;   // beyond Unicode
  state.lead2 = lead2;
  state.lead3 = lead3;
  state.lead4 = lead4;
  state.e0 = is.e0;
  state.ed = is.ed;
  state.f0 = is.f0;
  state.f4 = is.f4;
  return errors;
}

struct Errors {
  Mask control = 0, escape = 0, utf8 = 0;
};

template <class Masks>
SLIPWAY_INLINE TokenBlock lex_block(LexState& state, const char* bytes, Errors& errors) {
  const Masks masks(bytes);
  const TextMasks text = masks.text();
  const Mask escaped = find_escaped(text.backslash, state.escaped);
  if ((escaped | state.u >> 60 | state.digit_d >> 63 | state.high_half >> 58) != 0) {
    errors.escape = escape_errors(state, escaped, masks.escapes());
  } else {
    state.u = state.digit_d = state.high_half = 0;
  }
  if ((text.high | state.lead2 >> 61) != 0)
    errors.utf8 = utf8_errors(state, text.high, masks.utf8());

  const Mask quotes = text.quote & ~escaped;
  const Mask inside = prefix_xor(quotes) ^ state.in_string;
  state.in_string = 0 - (inside >> 63);
  errors.control = text.control & inside;

  TokenBlock block;
  if ((quotes | ~inside) == 0) {
    state.scalar = 0;
    return block;
  }
  const TokenMasks tokens = masks.tokens();
  const Mask outside = ~(inside | quotes);
  block.scalar = outside & ~(tokens.op | tokens.space);
  block.events =
      (tokens.op & outside) | quotes | (block.scalar & ~(block.scalar << 1 | state.scalar));
  state.scalar = block.scalar >> 63;
  return block;
}

SLIPWAY_INLINE void tell_error(const Errors& errors, std::size_t block, Lexed& lexed) {
  const Mask all = errors.control | errors.escape | errors.utf8;
  const Mask first = all & (0 - all);
  lexed.error = (errors.utf8 & first) != 0     ? LexError::Utf8
                : (errors.escape & first) != 0 ? LexError::Escape
                                               : LexError::Control;
  lexed.error_at = block * kBlock + static_cast<std::size_t>(__builtin_ctzll(all));
}

template <class Masks>
SLIPWAY_INLINE Lexed lex_all(LexState& state, const char* bytes, std::size_t count,
                             TokenBlock* out) {
  Lexed lexed;
  LexState local = state;  // in registers: nothing else can point to it
  for (std::size_t i = 0; i < count; ++i) {
    Errors errors;
    const Mask went_on = local.scalar;
    TokenBlock block = lex_block<Masks>(local, bytes + i * kBlock, errors);
    if ((block.events | block.scalar | went_on) != 0) {
      block.index = static_cast<std::uint32_t>(i);
      out[lexed.blocks++] = block;
    }
    if ((errors.control | errors.escape | errors.utf8) != 0) {
      tell_error(errors, i, lexed);
      break;
    }
  }
  state = local;
  return lexed;
}

}  // namespace
}  // namespace slipway::body

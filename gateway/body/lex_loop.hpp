// The lexer's arithmetic, for the lex_*.cpp files: each gives `Masks`, which makes masks of a block
// of 64 bytes. A file may be compiled for a processor that has more instructions than others, so
// nothing here may call an inline function of a library: the linker keeps one copy for all.
#pragma once

#include "gateway/body/lex.hpp"

#define SLIPWAY_INLINE [[gnu::always_inline]] inline

namespace slipway::body {
namespace {

using Mask = std::uint64_t;

// What a lex_*.cpp file gives, made of one block: masks of the bytes that are `c`, or at most `c`;
// the same of the bytes with bit 5 set, by which letters are compared without case ("folded"); and
// three sets of bytes that some processors can look up at once.
template <class Masks>
concept MasksOfABlock = requires(const Masks masks, int c) {
  { masks.high() };  // bytes above 0x7f
  { masks.rare() };  // bytes above 0x7f or below 0x20
  { masks.equal(c) };
  { masks.up_to(c) };
  { masks.folded(c) };
  { masks.folded_up_to(c) };
  { masks.ops() };      // {}[]:,
  { masks.spaces() };   // the whitespace of JSON
  { masks.escapes() };  // what stands for one character behind a backslash: "\\/bfnrt
};

// `mask` moved on by `n` places, with what comes in from the block before.
SLIPWAY_INLINE Mask shifted(Mask mask, Mask before, int n) {
  return mask << n | before >> (64 - n);
}

// Bit i is the parity of the bits 0 to i: ones from an opening quote to before the closing one.
SLIPWAY_INLINE Mask prefix_xor(Mask mask) {
  mask ^= mask << 1;
  mask ^= mask << 2;
  mask ^= mask << 4;
  mask ^= mask << 8;
  mask ^= mask << 16;
  mask ^= mask << 32;
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

// The four digits behind each u in `u`, and surrogate pairs.
template <class Masks>
SLIPWAY_INLINE Mask unicode_errors(LexState& state, Mask u, const Masks& masks) {
  const Mask numeral = masks.up_to('9') & ~masks.up_to('0' - 1);
  const Mask letter = masks.folded_up_to('f') & ~masks.folded_up_to('a' - 1);
  const Mask up_to_b = masks.folded_up_to('b');
  const Mask digits = shifted(u, state.u, 1) | shifted(u, state.u, 2) | shifted(u, state.u, 3) |
                      shifted(u, state.u, 4);
  const Mask digit_d = shifted(u, state.u, 1) & masks.folded('d');
  const Mask second = shifted(digit_d, state.digit_d, 1);
  const Mask high_half = second & ((numeral & ~masks.up_to('7')) | (letter & up_to_b));
  const Mask low_half = second & letter & ~up_to_b;
  // The second half's digit comes six bytes after that of the first, and never without it.
  const Mask pairs = shifted(high_half, state.high_half, 6) ^ low_half;
  state.u = u;
  state.digit_d = digit_d;
  state.high_half = high_half;
  return (digits & ~(numeral | letter)) | pairs;
}

// What is left of the state when nothing goes on is not reset: its last bits are zero.
template <class Masks>
SLIPWAY_INLINE Mask escape_errors(LexState& state, Mask escaped, const Masks& masks) {
  if ((escaped | state.unicode_goes_on) == 0) return 0;
  const Mask u = escaped & masks.equal('u');
  const Mask unknown = escaped & ~u & ~masks.escapes();
  if ((u | state.unicode_goes_on) == 0) return unknown;
  const Mask errors = unknown | unicode_errors(state, u, masks);
  state.unicode_goes_on = state.u >> 60 | state.digit_d >> 63 | state.high_half >> 58;
  return errors;
}

template <class Masks>
SLIPWAY_INLINE Mask utf8_errors(LexState& state, Mask high, const Masks& masks) {
  if ((high | state.lead2 >> 61) == 0) return 0;
  const Mask from_c0 = ~masks.up_to(0xbf);
  const Mask from_c2 = ~masks.up_to(0xc1);
  const Mask from_e0 = ~masks.up_to(0xdf);
  const Mask from_f0 = ~masks.up_to(0xef);
  const Mask from_a0 = ~masks.up_to(0x9f);
  const Mask wanted = shifted(from_c2, state.lead2, 1) | shifted(from_e0, state.lead3, 2) |
                      shifted(from_f0, state.lead4, 3);
  const Mask e0 = masks.equal(0xe0);
  const Mask ed = masks.equal(0xed);
  Mask errors = (wanted ^ (high & ~from_c0)) | (from_c0 & ~from_c2);
  errors |= shifted(e0, state.e0, 1) & ~from_a0;  // overlong
  errors |= shifted(ed, state.ed, 1) & from_a0;   // a surrogate
  Mask f0 = 0;
  Mask f4 = 0;
  if ((from_f0 | state.f0 >> 63 | state.f4 >> 63) != 0) {
    const Mask from_90 = ~masks.up_to(0x8f);
    f0 = masks.equal(0xf0);
    f4 = masks.equal(0xf4);
    errors |= ~masks.up_to(0xf4);
    errors |= shifted(f0, state.f0, 1) & ~from_90;  // overlong
    errors |= shifted(f4, state.f4, 1) & from_90;   // beyond Unicode
  }
  state.lead2 = from_c2;
  state.lead3 = from_e0;
  state.lead4 = from_f0;
  state.e0 = e0;
  state.ed = ed;
  state.f0 = f0;
  state.f4 = f4;
  return errors;
}

struct Errors {
  Mask control = 0, escape = 0, utf8 = 0;
};

template <MasksOfABlock Masks>
SLIPWAY_INLINE TokenBlock lex_block(LexState& state, const char* bytes, Errors& errors) {
  const Masks masks(bytes);
  const Mask escaped = find_escaped(masks.equal('\\'), state.escaped);
  errors.escape = escape_errors(state, escaped, masks);

  const Mask quotes = masks.equal('"') & ~escaped;
  const Mask inside = quotes == 0 ? state.in_string : prefix_xor(quotes) ^ state.in_string;
  state.in_string = 0 - (inside >> 63);
  const Mask rare = masks.rare();
  if ((rare | state.lead2 >> 61) != 0) {
    errors.control = masks.up_to(0x1f) & inside;
    errors.utf8 = utf8_errors(state, masks.high(), masks);
  }

  TokenBlock block;
  if ((quotes | ~inside) == 0) {
    state.scalar = 0;
    return block;
  }
  const Mask outside = ~(inside | quotes);
  const Mask ops = masks.ops();
  block.scalar = outside & ~(ops | masks.spaces());
  block.events = (ops & outside) | quotes | (block.scalar & ~(block.scalar << 1 | state.scalar));
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

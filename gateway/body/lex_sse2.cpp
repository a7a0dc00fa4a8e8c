// Masks by SSE2, which every x86-64 processor has.
#include "gateway/body/lex_loop.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>

namespace slipway::body {
namespace {

class Sse2Masks {
 public:
  SLIPWAY_INLINE explicit Sse2Masks(const char* bytes) {
    for (int i = 0; i < 4; ++i)
      part_[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes) + i);
  }

  SLIPWAY_INLINE TextMasks text() const { return {equal('"'), equal('\\'), up_to(0x1f), high()}; }
  SLIPWAY_INLINE TokenMasks tokens() const {
    // '[' and '{', ']' and '}' differ in bit 5, which no other byte shares with them.
    const Mask brackets = folded('{') | folded('}');
    return {brackets | equal(':') | equal(','),
            equal(' ') | equal('\t') | equal('\n') | equal('\r')};
  }
  SLIPWAY_INLINE EscapeMasks escapes() const {
    const Mask simple = equal('"') | equal('\\') | equal('/') | equal('b') | equal('f') |
                        equal('n') | equal('r') | equal('t');
    const Mask digit = up_to('9') & ~up_to('0' - 1);
    const Mask up_to_b = folded_up_to('b');
    const Mask letter = folded_up_to('f') & ~folded_up_to('a' - 1);
    return {simple,
            equal('u'),
            digit | letter,
            folded('d'),
            (digit & ~up_to('7')) | (letter & up_to_b),
            letter & ~up_to_b};
  }
  SLIPWAY_INLINE Utf8Masks utf8() const {
    return {~up_to(0x8f), ~up_to(0x9f), ~up_to(0xbf), ~up_to(0xc1), ~up_to(0xdf), ~up_to(0xef),
            ~up_to(0xf4), equal(0xe0),  equal(0xed),  equal(0xf0),  equal(0xf4)};
  }

 private:
  SLIPWAY_INLINE static __m128i all(int c) { return _mm_set1_epi8(static_cast<char>(c)); }
  SLIPWAY_INLINE static Mask bits(__m128i v, int part) {
    return static_cast<Mask>(static_cast<std::uint32_t>(_mm_movemask_epi8(v))) << (part * 16);
  }
  SLIPWAY_INLINE Mask high() const {
    Mask mask = 0;
    for (int i = 0; i < 4; ++i) mask |= bits(part_[i], i);
    return mask;
  }
  SLIPWAY_INLINE Mask equal(int c) const {
    Mask mask = 0;
    for (int i = 0; i < 4; ++i) mask |= bits(_mm_cmpeq_epi8(part_[i], all(c)), i);
    return mask;
  }
  SLIPWAY_INLINE Mask up_to(int c) const {
    Mask mask = 0;
    for (int i = 0; i < 4; ++i)
      mask |= bits(_mm_cmpeq_epi8(_mm_min_epu8(part_[i], all(c)), part_[i]), i);
    return mask;
  }
  // Bytes with bit 5 set.
  SLIPWAY_INLINE __m128i fold(int i) const { return _mm_or_si128(part_[i], all(0x20)); }
  SLIPWAY_INLINE Mask folded(int c) const {
    Mask mask = 0;
    for (int i = 0; i < 4; ++i) mask |= bits(_mm_cmpeq_epi8(fold(i), all(c)), i);
    return mask;
  }
  SLIPWAY_INLINE Mask folded_up_to(int c) const {
    Mask mask = 0;
    for (int i = 0; i < 4; ++i)
      mask |= bits(_mm_cmpeq_epi8(_mm_min_epu8(fold(i), all(c)), fold(i)), i);
    return mask;
  }

  __m128i part_[4];
};

}  // namespace

Lexed lex_sse2(LexState& state, const char* bytes, std::size_t count, TokenBlock* out) {
  return lex_all<Sse2Masks>(state, bytes, count, out);
}

}  // namespace slipway::body
#endif

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

  SLIPWAY_INLINE Mask high() const {
    return where([](__m128i v) { return v; });
  }
  // As signed numbers, the high ones are the smallest.
  SLIPWAY_INLINE Mask rare() const {
    return where([](__m128i v) { return _mm_cmplt_epi8(v, all(0x20)); });
  }
  SLIPWAY_INLINE Mask equal(int c) const {
    return where([c](__m128i v) { return _mm_cmpeq_epi8(v, all(c)); });
  }
  SLIPWAY_INLINE Mask up_to(int c) const {
    return where([c](__m128i v) { return _mm_cmpeq_epi8(_mm_min_epu8(v, all(c)), v); });
  }
  SLIPWAY_INLINE Mask folded(int c) const {
    return where([c](__m128i v) { return _mm_cmpeq_epi8(fold(v), all(c)); });
  }
  SLIPWAY_INLINE Mask folded_up_to(int c) const {
    return where([c](__m128i v) { return _mm_cmpeq_epi8(_mm_min_epu8(fold(v), all(c)), fold(v)); });
  }
  // '[' and '{', ']' and '}' differ in bit 5, which no other byte shares with them.
  SLIPWAY_INLINE Mask ops() const { return folded('{') | folded('}') | equal(':') | equal(','); }
  SLIPWAY_INLINE Mask spaces() const {
    return equal(' ') | equal('\t') | equal('\n') | equal('\r');
  }
  SLIPWAY_INLINE Mask escapes() const {
    return equal('"') | equal('\\') | equal('/') | equal('b') | equal('f') | equal('n') |
           equal('r') | equal('t');
  }

 private:
  SLIPWAY_INLINE static __m128i all(int c) { return _mm_set1_epi8(static_cast<char>(c)); }
  SLIPWAY_INLINE static __m128i fold(__m128i v) { return _mm_or_si128(v, all(0x20)); }
  template <class Test>
  SLIPWAY_INLINE Mask where(Test&& test) const {
    Mask mask = 0;
    for (int i = 0; i < 4; ++i)
      mask |= static_cast<Mask>(static_cast<std::uint32_t>(_mm_movemask_epi8(test(part_[i]))))
              << (i * 16);
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

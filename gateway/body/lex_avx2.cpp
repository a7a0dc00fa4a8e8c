// Masks by AVX2. The build compiles this file alone for processors that have it, and lex.cpp asks
// the processor before it calls.
#include "gateway/body/lex_loop.hpp"

#if defined(__AVX2__)
#include <immintrin.h>

namespace slipway::body {
namespace {

class Avx2Masks {
 public:
  SLIPWAY_INLINE explicit Avx2Masks(const char* bytes)
      : first_(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes))),
        second_(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes) + 1)) {}

  SLIPWAY_INLINE TextMasks text() const {
    return {equal('"'), equal('\\'), up_to(0x1f), bits(first_, second_)};
  }
  SLIPWAY_INLINE TokenMasks tokens() const {
    // A byte is looked up by its low four bits in what it would have to be; a high byte gives zero.
    const __m256i spaces = table(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0);
    const __m256i ops = table(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0);
    // With bit 5 set, '[' and ']' are the other brackets; ':' and ',' have it, so that the control
    // characters which become those by it are told apart by the last mask.
    const Mask op = bits(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(ops, first_), fold(first_)),
                         _mm256_cmpeq_epi8(_mm256_shuffle_epi8(ops, second_), fold(second_)));
    return {op & ~up_to(0x1f),
            bits(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(spaces, first_), first_),
                 _mm256_cmpeq_epi8(_mm256_shuffle_epi8(spaces, second_), second_))};
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
  SLIPWAY_INLINE static __m256i all(int c) { return _mm256_set1_epi8(static_cast<char>(c)); }
  template <class... Bytes>
  SLIPWAY_INLINE static __m256i table(Bytes... bytes) {
    return _mm256_broadcastsi128_si256(_mm_setr_epi8(static_cast<char>(bytes)...));
  }
  SLIPWAY_INLINE static Mask bits(__m256i first, __m256i second) {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(first)) |
           static_cast<Mask>(static_cast<std::uint32_t>(_mm256_movemask_epi8(second))) << 32;
  }
  SLIPWAY_INLINE static __m256i fold(__m256i v) { return _mm256_or_si256(v, all(0x20)); }
  SLIPWAY_INLINE static Mask equal(__m256i a, __m256i b, int c) {
    return bits(_mm256_cmpeq_epi8(a, all(c)), _mm256_cmpeq_epi8(b, all(c)));
  }
  SLIPWAY_INLINE static Mask up_to(__m256i a, __m256i b, int c) {
    return bits(_mm256_cmpeq_epi8(_mm256_min_epu8(a, all(c)), a),
                _mm256_cmpeq_epi8(_mm256_min_epu8(b, all(c)), b));
  }
  SLIPWAY_INLINE Mask equal(int c) const { return equal(first_, second_, c); }
  SLIPWAY_INLINE Mask up_to(int c) const { return up_to(first_, second_, c); }
  SLIPWAY_INLINE Mask folded(int c) const { return equal(fold(first_), fold(second_), c); }
  SLIPWAY_INLINE Mask folded_up_to(int c) const { return up_to(fold(first_), fold(second_), c); }

  __m256i first_, second_;
};

}  // namespace

Lexed lex_avx2(LexState& state, const char* bytes, std::size_t count, TokenBlock* out) {
  return lex_all<Avx2Masks>(state, bytes, count, out);
}

}  // namespace slipway::body
#endif

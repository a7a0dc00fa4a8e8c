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

  SLIPWAY_INLINE Mask high() const {
    return where([](__m256i v) { return v; });
  }
  // As signed numbers, the high ones are the smallest.
  SLIPWAY_INLINE Mask rare() const {
    return where([](__m256i v) { return _mm256_cmpgt_epi8(all(0x20), v); });
  }
  SLIPWAY_INLINE Mask equal(int c) const {
    return where([c](__m256i v) { return _mm256_cmpeq_epi8(v, all(c)); });
  }
  SLIPWAY_INLINE Mask up_to(int c) const {
    return where([c](__m256i v) { return _mm256_cmpeq_epi8(_mm256_min_epu8(v, all(c)), v); });
  }
  SLIPWAY_INLINE Mask folded(int c) const {
    return where([c](__m256i v) { return _mm256_cmpeq_epi8(fold(v), all(c)); });
  }
  SLIPWAY_INLINE Mask folded_up_to(int c) const {
    return where(
        [c](__m256i v) { return _mm256_cmpeq_epi8(_mm256_min_epu8(fold(v), all(c)), fold(v)); });
  }
  // For these three a byte is looked up, by its low four bits, in what it would have to be.
  SLIPWAY_INLINE Mask ops() const {
    const __m256i table = by_low_bits(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0);
    // Folded, '[' and ']' are the other brackets, but two control characters are ':' and ','.
    return where([=](__m256i v) {
             return _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, v), fold(v));
           }) &
           ~up_to(0x1f);
  }
  SLIPWAY_INLINE Mask spaces() const {
    const __m256i table = by_low_bits(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0);
    return where([=](__m256i v) { return _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, v), v); });
  }
  SLIPWAY_INLINE Mask escapes() const {
    // '"' and 'r' have the low bits of 'b'. The first entry is one that a NUL does not equal.
    const __m256i table = by_low_bits(1, 0, 'b', 0, 't', 0, 'f', 0, 0, 0, 0, 0, '\\', 0, 'n', '/');
    return where([=](__m256i v) {
      const __m256i more =
          _mm256_or_si256(_mm256_cmpeq_epi8(v, all('"')), _mm256_cmpeq_epi8(v, all('r')));
      return _mm256_or_si256(more, _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, v), v));
    });
  }

 private:
  SLIPWAY_INLINE static __m256i all(int c) { return _mm256_set1_epi8(static_cast<char>(c)); }
  SLIPWAY_INLINE static __m256i fold(__m256i v) { return _mm256_or_si256(v, all(0x20)); }
  template <class... Bytes>
  SLIPWAY_INLINE static __m256i by_low_bits(Bytes... bytes) {
    return _mm256_broadcastsi128_si256(_mm_setr_epi8(static_cast<char>(bytes)...));
  }
  template <class Test>
  SLIPWAY_INLINE Mask where(Test&& test) const {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(test(first_))) |
           static_cast<Mask>(static_cast<std::uint32_t>(_mm256_movemask_epi8(test(second_)))) << 32;
  }

  __m256i first_, second_;
};

}  // namespace

Lexed lex_avx2(LexState& state, const char* bytes, std::size_t count, TokenBlock* out) {
  return lex_all<Avx2Masks>(state, bytes, count, out);
}

}  // namespace slipway::body
#endif

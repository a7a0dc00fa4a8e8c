// Quick searches in JSON for the next byte that matters. Pure.
#pragma once

#include <cstddef>
#include <string_view>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace slipway::body {

// The first position from `at` on of a quote or backslash; the size when there is none.
inline std::size_t find_quote(std::string_view bytes, std::size_t at) {
#if defined(__SSE2__)
  for (; at + 16 <= bytes.size(); at += 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at));
    const __m128i found =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    const int mask = _mm_movemask_epi8(found);
    if (mask != 0) return at + static_cast<std::size_t>(__builtin_ctz(mask));
  }
#endif
  while (at < bytes.size() && bytes[at] != '"' && bytes[at] != '\\') ++at;
  return at;
}

// The same, of a quote or bracket of either kind.
inline std::size_t find_nesting(std::string_view bytes, std::size_t at) {
#if defined(__SSE2__)
  for (; at + 16 <= bytes.size(); at += 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at));
    const __m128i folded = _mm_or_si128(v, _mm_set1_epi8(0x20));  // '[' is '{', ']' is '}'
    const __m128i bracket = _mm_or_si128(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')),
                                         _mm_cmpeq_epi8(folded, _mm_set1_epi8('}')));
    const int mask =
        _mm_movemask_epi8(_mm_or_si128(bracket, _mm_cmpeq_epi8(v, _mm_set1_epi8('"'))));
    if (mask != 0) return at + static_cast<std::size_t>(__builtin_ctz(mask));
  }
#endif
  constexpr std::string_view kNesting = "\"{}[]";
  while (at < bytes.size() && kNesting.find(bytes[at]) == std::string_view::npos) ++at;
  return at;
}

}  // namespace slipway::body

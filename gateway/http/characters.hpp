// The character classes of RFC 9110 section 5.6 and RFC 3986, and quick searches for the first byte
// that is not of a class. Pure; used by everything in gateway/http.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace slipway::http {

enum CharacterClass : std::uint8_t {
  kToken = 1,       // tchar: method, field name, transfer coding
  kTarget = 2,      // visible ASCII without '#': a request target has no fragment (RFC 9112 3.2)
  kHost = 4,        // host and port of RFC 3986 3.2, without user information
  kHexDigit = 8,    // either case
  kDigit = 16,      // 0-9
  kFieldValue = 32  // visible characters, space, tab and obs-text (RFC 9110 5.5)
};

namespace detail {
constexpr bool is_one_of(unsigned char c, std::string_view set) {
  return c != 0 && set.find(static_cast<char>(c)) != std::string_view::npos;
}
constexpr std::array<std::uint8_t, 256> character_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned i = 0; i < 256; ++i) {
    const auto c = static_cast<unsigned char>(i);
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool hex = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    unsigned of = 0;
    if (digit || letter || is_one_of(c, "!#$%&'*+-.^_`|~")) of |= kToken;
    if (c > ' ' && c < 0x7f && c != '#') of |= kTarget;
    if (digit || letter || is_one_of(c, "-._~!$&'()*+,;=%:[]")) of |= kHost;
    if (hex) of |= kHexDigit;
    if (digit) of |= kDigit;
    if ((c >= ' ' && c != 0x7f) || c == '\t') of |= kFieldValue;
    classes[i] = static_cast<std::uint8_t>(of);
  }
  return classes;
}
inline constexpr std::array<std::uint8_t, 256> kClasses = character_classes();
}  // namespace detail

constexpr bool is(CharacterClass what, char c) {
  return (detail::kClasses[static_cast<unsigned char>(c)] & what) != 0;
}

// The first position from `at` on whose byte is not of the class; the size when there is none.
constexpr std::size_t skip(CharacterClass what, std::string_view bytes, std::size_t at) {
  while (at < bytes.size() && is(what, bytes[at])) ++at;
  return at;
}

// skip(kFieldValue, ...), 16 bytes at a time: values are most of a head.
inline std::size_t skip_field_value(std::string_view bytes, std::size_t at) {
#if defined(__SSE2__)
  const __m128i last_control = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; at + 16 <= bytes.size(); at += 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, last_control), v);
    const __m128i bad =
        _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(v, tab), control), _mm_cmpeq_epi8(v, del));
    const int mask = _mm_movemask_epi8(bad);
    if (mask != 0) return at + static_cast<std::size_t>(__builtin_ctz(mask));
  }
#endif
  return skip(kFieldValue, bytes, at);
}

// skip(kToken, ...), 16 bytes at a time where a name has letters, digits and '-' only, as most
// have.
inline std::size_t skip_token(std::string_view bytes, std::size_t at) {
#if defined(__SSE2__)
  // Moved by `to_lowest`, the range begins at the smallest signed number.
  const auto in_range = [](__m128i v, int first, int count) {
    const __m128i to_lowest = _mm_set1_epi8(static_cast<char>(0x80 - first));
    return _mm_cmplt_epi8(_mm_add_epi8(v, to_lowest),
                          _mm_set1_epi8(static_cast<char>(count - 128)));
  };
  for (; at + 16 <= bytes.size(); at += 16) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at));
    const __m128i letter = in_range(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 26);
    const __m128i digit = in_range(v, '0', 10);
    const __m128i dash = _mm_cmpeq_epi8(v, _mm_set1_epi8('-'));
    const int other = 0xffff ^ _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), dash));
    if (other != 0) return skip(kToken, bytes, at + static_cast<std::size_t>(__builtin_ctz(other)));
  }
#endif
  return skip(kToken, bytes, at);
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Names of fields and codings are compared without regard to case (RFC 9110 5.1).
constexpr bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

// Without optional whitespace (OWS: spaces and tabs) at both ends.
constexpr std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls `take` with each element of a comma-separated list that is not empty (RFC 9110 5.6.1).
template <class Take>
constexpr void each_of_list(std::string_view list, Take&& take) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view element = trimmed(list.substr(0, comma));
    if (!element.empty()) take(element);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
}

}  // namespace slipway::http

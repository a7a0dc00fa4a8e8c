// Masks by plain arithmetic on words of eight bytes, for processors without another lexer.
#include "gateway/body/lex_loop.hpp"

namespace slipway::body {
namespace {

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the first byte of a word must be its lowest"
#endif

constexpr Mask kEach = 0x0101'0101'0101'0101;
constexpr Mask kTop = 0x80 * kEach;

class ScalarMasks {
 public:
  SLIPWAY_INLINE explicit ScalarMasks(const char* bytes) {
    __builtin_memcpy(word_, bytes, sizeof(word_));
  }

  SLIPWAY_INLINE Mask high() const {
    return where([](Mask word) { return word & kTop; });
  }
  SLIPWAY_INLINE Mask rare() const { return up_to(0x1f) | high(); }
  SLIPWAY_INLINE Mask equal(int c) const {
    return where([c](Mask word) { return equal(word, c); });
  }
  SLIPWAY_INLINE Mask up_to(int c) const {
    return where([c](Mask word) { return up_to(word, c); });
  }
  SLIPWAY_INLINE Mask folded(int c) const {
    return where([c](Mask word) { return equal(word | 0x20 * kEach, c); });
  }
  SLIPWAY_INLINE Mask folded_up_to(int c) const {
    return where([c](Mask word) { return up_to(word | 0x20 * kEach, c); });
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
  // A test has the top bit of each byte that passes. A multiplication brings the eight together.
  template <class Test>
  SLIPWAY_INLINE Mask where(Test&& test) const {
    constexpr Mask kTogether = 0x0102'0408'1020'4080;
    Mask mask = 0;
    for (int i = 0; i < 8; ++i) mask |= ((test(word_[i]) >> 7) * kTogether >> 56) << (8 * i);
    return mask;
  }
  SLIPWAY_INLINE static Mask equal(Mask word, int c) {
    const Mask zero = word ^ (static_cast<Mask>(c) * kEach);
    return ~(((zero & ~kTop) + ~kTop) | zero) & kTop;
  }
  SLIPWAY_INLINE static Mask up_to(Mask word, int c) {
    const Mask above = (word & ~kTop) + static_cast<Mask>(0x7f - (c & 0x7f)) * kEach;
    return ~(c < 0x80 ? above | word : above & word) & kTop;
  }

  Mask word_[8];
};

}  // namespace

Lexed lex_scalar(LexState& state, const char* bytes, std::size_t count, TokenBlock* out) {
  return lex_all<ScalarMasks>(state, bytes, count, out);
}

}  // namespace slipway::body

// Masks byte by byte, for processors without one of the other two lexers.
#include "gateway/body/lex_loop.hpp"

namespace slipway::body {
namespace {

class ScalarMasks {
 public:
  explicit ScalarMasks(const char* bytes) : bytes_(reinterpret_cast<const unsigned char*>(bytes)) {}

  TextMasks text() const { return {equal('"'), equal('\\'), ~from(0x20), from(0x80)}; }
  TokenMasks tokens() const {
    return {equal('{') | equal('}') | equal('[') | equal(']') | equal(':') | equal(','),
            equal(' ') | equal('\t') | equal('\n') | equal('\r')};
  }
  EscapeMasks escapes() const {
    const Mask simple = equal('"') | equal('\\') | equal('/') | equal('b') | equal('f') |
                        equal('n') | equal('r') | equal('t');
    const Mask low = folded('c', 'f');
    const Mask digit = range('0', '9');
    const Mask d = folded('d', 'd');
    return {simple, equal('u'), digit | folded('a', 'f'), d, range('8', '9') | folded('a', 'b'),
            low};
  }
  Utf8Masks utf8() const {
    return {from(0x90), from(0xa0),  from(0xc0),  from(0xc2),  from(0xe0), from(0xf0),
            from(0xf5), equal(0xe0), equal(0xed), equal(0xf0), equal(0xf4)};
  }

 private:
  template <class Test>
  Mask where(Test&& test) const {
    Mask mask = 0;
    for (unsigned i = 0; i < kBlock; ++i) mask |= static_cast<Mask>(test(bytes_[i]) ? 1 : 0) << i;
    return mask;
  }
  Mask equal(unsigned char c) const {
    return where([c](unsigned char b) { return b == c; });
  }
  Mask from(unsigned char c) const {
    return where([c](unsigned char b) { return b >= c; });
  }
  Mask range(unsigned char low, unsigned char high) const {
    return where([=](unsigned char b) { return b >= low && b <= high; });
  }
  // Letters in either case.
  Mask folded(unsigned char low, unsigned char high) const {
    return where([=](unsigned char b) { return (b | 0x20) >= low && (b | 0x20) <= high; });
  }

  const unsigned char* bytes_;
};

}  // namespace

Lexed lex_scalar(LexState& state, const char* bytes, std::size_t count, TokenBlock* out) {
  return lex_all<ScalarMasks>(state, bytes, count, out);
}

}  // namespace slipway::body

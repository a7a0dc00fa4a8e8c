#include "gateway/body/lex.hpp"

#include <array>

namespace slipway::body {

Lexed lex_scalar(LexState& state, const char* bytes, std::size_t count, TokenBlock* out);
Lexed lex_sse2(LexState& state, const char* bytes, std::size_t count, TokenBlock* out);
Lexed lex_avx2(LexState& state, const char* bytes, std::size_t count, TokenBlock* out);

std::span<const Lexer> lexers() {
#if defined(__x86_64__)
  static constexpr std::array<Lexer, 3> kAll{
      {{"avx2", lex_avx2}, {"sse2", lex_sse2}, {"scalar", lex_scalar}}};
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
  return std::span(kAll).subspan(has_avx2 ? 0 : 1);
#else
  static constexpr std::array<Lexer, 1> kAll{{{"scalar", lex_scalar}}};
  return kAll;
#endif
}

}  // namespace slipway::body

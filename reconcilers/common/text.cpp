#include "reconcilers/common/text.hpp"

#include <algorithm>

namespace slipway {
namespace {

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_alphanumeric(char c) {
  return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
// Bytes after the first of a character are 10xxxxxx.
bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

std::string clipped(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  while (bytes > 0 && continues_character(text[bytes])) --bytes;
  return std::string(text.substr(0, bytes));
}

bool is_reason(std::string_view text) {
  return !text.empty() && text.size() <= 64 && is_upper(text.front()) &&
         std::ranges::all_of(text, is_alphanumeric);
}

}  // namespace slipway

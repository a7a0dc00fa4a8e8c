#include "gateway/body/text.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace slipway::body {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

void append_utf8(std::string& out, std::uint32_t point) {
  const auto tail = [&](int shift) {
    out.push_back(static_cast<char>(0x80 | (point >> shift & 0x3f)));
  };
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xC0 | point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | point >> 12));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xF0 | point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// The four digits at the front of `text`, behind `\u`.
std::optional<std::uint32_t> hex4(std::string_view text) {
  std::uint32_t value = 0;
  if (text.size() < 4) return std::nullopt;
  const char* const begin = text.data();
  const auto read = std::from_chars(begin, begin + 4, value, 16);
  if (read.ec != std::errc() || read.ptr != begin + 4) return std::nullopt;
  return value;
}

// Appends the character whose `\u` escape lies before `text`; returns how much of `text` it takes.
std::size_t append_point(std::string& out, std::string_view text) {
  const auto first = hex4(text);
  if (!first || *first < 0xD800 || *first > 0xDFFF) {
    append_utf8(out, first.value_or(kReplacement));
    return first ? 4 : 0;
  }
  const bool high = *first < 0xDC00;
  const auto second =
      high && text.substr(4).starts_with("\\u") ? hex4(text.substr(6)) : std::nullopt;
  if (!second || *second < 0xDC00 || *second > 0xDFFF) {
    append_utf8(out, kReplacement);
    return 4;
  }
  append_utf8(out, 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00));
  return 10;
}

char simple(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

}  // namespace

void append_unescaped(std::string& out, std::string_view raw) {
  while (!raw.empty()) {
    const std::size_t plain = raw.find('\\');
    out.append(raw.substr(0, plain));
    if (plain == std::string_view::npos) return;
    raw.remove_prefix(plain + 1);
    if (raw.empty()) return append_utf8(out, kReplacement);
    const char c = raw.front();
    raw.remove_prefix(1);
    if (c == 'u') {
      raw.remove_prefix(append_point(out, raw));
    } else {
      out.push_back(simple(c));
    }
  }
}

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out.append("\\u00");
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace slipway::body

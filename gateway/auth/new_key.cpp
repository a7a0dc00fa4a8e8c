#include "gateway/auth/new_key.hpp"

#include <fmt/format.h>

#include <span>

#include "gateway/auth/api_key.hpp"

namespace slipway::gateway {
namespace {

// 64 characters that need no escape anywhere; ids use the first 32.
constexpr std::string_view kAlphabet =
    "abcdefghijklmnopqrstuvwxyz234567ABCDEFGHIJKLMNOPQRSTUVWXYZ0189_.";

// `bits` of the bytes a character, the last one of what is left.
std::string spelt(std::span<const unsigned char> bytes, unsigned bits) {
  std::string out;
  unsigned held = 0, value = 0;
  for (const unsigned char byte : bytes) {
    value = (value << 8 | byte) & 0xffff;
    for (held += 8; held >= bits; held -= bits)
      out += kAlphabet[value >> (held - bits) & ((1U << bits) - 1)];
  }
  if (held > 0) out += kAlphabet[value << (bits - held) & ((1U << bits) - 1)];
  return out;
}

}  // namespace

NewKey make_key(const KeyBytes& random, std::string_view pepper) {
  NewKey out;
  out.record.id = spelt(std::span(random).first(5), 5);
  out.text = "sk-" + out.record.id + "-" + spelt(std::span(random).subspan(5), 6);
  for (const unsigned char byte : KeyVerifier(pepper).mac(out.text))
    out.record.mac += fmt::format("{:02x}", byte);
  return out;
}

}  // namespace slipway::gateway

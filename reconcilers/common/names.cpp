#include "reconcilers/common/names.hpp"

#include <cstdint>

#include "crds/base/check.hpp"

namespace slipway {
namespace {

// FNV-1a, 64 bit, finished with the mixer of MurmurHash3: stable across machines and releases,
// which a name has to be; it does not have to resist an attacker, who could only collide names
// inside of a namespace that is already his.
std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdULL;
  hash ^= hash >> 33;
  hash *= 0xc4ceb9fe1a85ec53ULL;
  return hash ^ (hash >> 33);
}

std::string cut(std::string_view name, std::size_t room) {
  if (name.size() <= room) return std::string(name);
  constexpr std::size_t kHash = 5;
  std::string kept(name.substr(0, room - kHash - 1));
  while (!kept.empty() && (kept.back() == '-' || kept.back() == '.')) kept.pop_back();
  return kept + "-" + short_hash(name, kHash);
}

}  // namespace

std::string short_hash(std::string_view text, std::size_t length) {
  static constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  SLIPWAY_CHECK(length <= 12, "64 bits give 13 characters of this alphabet");
  std::uint64_t hash = stable_hash(text);
  std::string out;
  for (std::size_t i = 0; i < length; ++i) {
    // The first character is a letter: a Service name must not start with a digit.
    const std::size_t choices = i == 0 ? 20 : kAlphabet.size();
    out += kAlphabet[hash % choices];
    hash /= choices;
  }
  return out;
}

std::string child_name(std::string_view base, std::string_view suffix) {
  const std::string end = cut(suffix, kMaxNameLength / 2);
  return cut(base, kMaxNameLength - end.size() - 1).append("-").append(end);
}

std::string bounded_name(std::string_view name) {
  return cut(name, kMaxNameLength);
}

}  // namespace slipway

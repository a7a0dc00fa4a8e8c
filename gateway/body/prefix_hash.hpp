// The hashes of every beginning of a conversation, by which requests that share a beginning are
// sent to the same engine, whose cache holds it. Each hash covers its block and all blocks before
// it: XXH3 of a block, chained by the hash before. Blocks are 64 bytes long up to 4 KiB, then 1
// KiB. A block that is not full has no hash: the next turn of the conversation would change it.
// Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace slipway::body {

class PrefixHash {
 public:
  static constexpr std::size_t kSmall = 64;         // bytes of each of the first blocks
  static constexpr std::size_t kSmallBlocks = 64;   // so many: 4 KiB
  static constexpr std::size_t kLarge = 1024;       // bytes of each further block
  static constexpr std::size_t kMostBlocks = 1024;  // 964 KiB; what comes later is not looked at

  void reset();
  // Takes the next bytes, in pieces of any size.
  void feed(std::string_view bytes);
  // One hash for each full block, of the shortest beginning first.
  std::span<const std::uint64_t> hashes() const { return hashes_; }

 private:
  std::size_t block_size() const { return hashes_.size() < kSmallBlocks ? kSmall : kLarge; }
  void add(std::string_view block);

  std::vector<std::uint64_t> hashes_;
  std::array<char, kLarge> partial_{};
  std::size_t partial_size_ = 0;
};

// A hash for one tenant and model: equal beginnings of two tenants have nothing in common.
std::uint64_t seeded(std::uint64_t hash, std::uint64_t seed);

}  // namespace slipway::body

#include "gateway/body/prefix_hash.hpp"

#define XXH_INLINE_ALL  // most blocks are so short that the call would cost as much as the hash
#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace slipway::body {

void PrefixHash::reset() {
  hashes_.clear();
  partial_size_ = 0;
}

void PrefixHash::feed(std::string_view bytes) {
  while (!bytes.empty() && hashes_.size() < kMostBlocks) {
    const std::size_t size = block_size();
    if (partial_size_ == 0 && bytes.size() >= size) {
      add(bytes.substr(0, size));
      bytes.remove_prefix(size);
      continue;
    }
    const std::size_t taken = std::min(size - partial_size_, bytes.size());
    std::memcpy(partial_.data() + partial_size_, bytes.data(), taken);
    bytes.remove_prefix(taken);
    partial_size_ += taken;
    if (partial_size_ < size) return;
    add({partial_.data(), size});
    partial_size_ = 0;
  }
}

void PrefixHash::add(std::string_view block) {
  const std::uint64_t before = hashes_.empty() ? 0 : hashes_.back();
  const char* const bytes = block.data();
  const std::uint64_t hash =
      block.size() == kSmall ? XXH3_64bits(bytes, kSmall) : XXH3_64bits(bytes, block.size());
  hashes_.push_back(seeded(hash, before));
}

std::uint64_t seeded(std::uint64_t hash, std::uint64_t seed) {
  return XXH3_64bits_withSeed(&hash, sizeof(hash), seed);
}

}  // namespace slipway::body

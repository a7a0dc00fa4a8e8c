#include "gateway/body/prefix_hash.hpp"

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
  hashes_.push_back(seeded(XXH3_64bits(block.data(), block.size()), before));
}

std::uint64_t seeded(std::uint64_t hash, std::uint64_t seed) {
  return XXH3_64bits_withSeed(&hash, sizeof(hash), seed);
}

}  // namespace slipway::body

// How far the links of a prompt reach. A link stands for all bytes up to the end of its block, and
// comes from body::PrefixHash, mixed with a number of its tenant and model (body::seeded): two
// tenants never share a link, so that neither can learn from the time to the first token what the
// other asked. Pure.
#pragma once

#include <cstddef>

#include "gateway/body/prefix_hash.hpp"

namespace slipway::gateway {

inline constexpr std::size_t kSmallBlock = body::PrefixHash::kSmall;  // bytes
inline constexpr std::size_t kLargeBlock = body::PrefixHash::kLarge;  // bytes
inline constexpr std::size_t kSmallBlocks = body::PrefixHash::kSmallBlocks;
inline constexpr std::size_t kSmallBlocksEnd = kSmallBlocks * kSmallBlock;

// Bytes from the beginning of the prompt to the end of block `index`.
constexpr std::size_t block_end(std::size_t index) {
  return index < kSmallBlocks ? (index + 1) * kSmallBlock
                              : kSmallBlocksEnd + (index - kSmallBlocks + 1) * kLargeBlock;
}

// Full blocks in a prompt of that many bytes.
constexpr std::size_t block_count(std::size_t bytes) {
  return bytes <= kSmallBlocksEnd ? bytes / kSmallBlock
                                  : kSmallBlocks + (bytes - kSmallBlocksEnd) / kLargeBlock;
}

}  // namespace slipway::gateway

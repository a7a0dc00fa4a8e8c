// The beginning of a prompt as a chain of block hashes: link i stands for all bytes up to the end
// of block i. Blocks have 64 bytes up to 4 KiB and 1 KiB after that, to the end of the prompt; a
// block that is not full has no link. Pure and stateless, for any thread.
//
// The seed keeps tenants apart: two tenants never share a link, so that neither can learn from the
// time to the first token what the other asked. XXH3 is no cryptographic hash: whoever knows the
// salt can make two prompts share a link, which costs them speed and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace slipway::gateway {

inline constexpr std::size_t kSmallBlock = 64;        // bytes
inline constexpr std::size_t kLargeBlock = 1024;      // bytes
inline constexpr std::size_t kSmallBlocksEnd = 4096;  // bytes that small blocks cover
inline constexpr std::size_t kSmallBlocks = kSmallBlocksEnd / kSmallBlock;

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

// Where the chain of a tenant's prompts to a model begins. `salt` is secret and the tenant's own
// (or that of a group that may share cached prefixes).
std::uint64_t prefix_seed(std::string_view model, std::string_view salt);

// Replaces `chain` with the links of `prompt`.
void hash_prefix(std::uint64_t seed, std::string_view prompt, std::vector<std::uint64_t>& chain);

}  // namespace slipway::gateway

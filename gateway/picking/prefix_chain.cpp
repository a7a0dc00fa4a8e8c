#include "gateway/picking/prefix_chain.hpp"

#include <xxhash.h>

namespace slipway::gateway {

std::uint64_t prefix_seed(std::string_view model, std::string_view salt) {
  return XXH3_64bits_withSeed(model.data(), model.size(), XXH3_64bits(salt.data(), salt.size()));
}

void hash_prefix(std::uint64_t seed, std::string_view prompt, std::vector<std::uint64_t>& chain) {
  chain.resize(block_count(prompt.size()));
  std::size_t begin = 0;
  std::uint64_t link = seed;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const std::size_t end = block_end(i);
    link = XXH3_64bits_withSeed(prompt.data() + begin, end - begin, link);
    chain[i] = link;
    begin = end;
  }
}

}  // namespace slipway::gateway

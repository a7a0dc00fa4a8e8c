// Test only: the links of a prompt, as the body's scanner makes them for a tenant's request.
#pragma once

#include <string_view>
#include <vector>

#include "gateway/body/prefix_hash.hpp"

namespace slipway::gateway {

inline std::vector<std::uint64_t> links_of(std::string_view prompt, std::uint64_t seed = 1) {
  body::PrefixHash hash;
  hash.feed(prompt);
  std::vector<std::uint64_t> links;
  for (const std::uint64_t one : hash.hashes()) links.push_back(body::seeded(one, seed));
  return links;
}

}  // namespace slipway::gateway

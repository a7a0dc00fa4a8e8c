#include "gateway/picking/prefix_shares.hpp"

#include <algorithm>

#include "gateway/picking/rendezvous.hpp"

namespace slipway::gateway {

AffinityKey PrefixShares::count(std::span<const std::uint64_t> prefix, double rare_enough) {
  if (since_fading_ == kWindow) fade();
  ++since_fading_;
  ++total_;
  // As if some requests without any prefix had come before: a prefix has to be seen a few times
  // before it counts as common.
  const double requests = total_ + kSeenBeforeCommon / rare_enough;
  AffinityKey found;
  int ahead = 0;
  for (std::size_t depth = 1; depth <= prefix.size() && ahead <= kAhead;
       depth = next_depth(depth)) {
    const std::uint64_t link = prefix[depth - 1];
    const double share = raise(link) / requests;
    if (ahead++ > 0) continue;
    found = {link, share, depth, share / rare_enough, share > rare_enough};
    if (found.common) ahead = 0;
  }
  return found;
}

std::uint32_t PrefixShares::raise(std::uint64_t link) {
  std::uint32_t least = UINT16_MAX;
  std::uint64_t hash = mix(link);
  if (!counts_) counts_ = std::make_unique<std::array<Row, kRows>>();
  for (Row& row : *counts_) {
    std::uint16_t& cell = row[hash % kColumns];
    if (cell < UINT16_MAX) ++cell;
    least = std::min<std::uint32_t>(least, cell);
    hash >>= 32;
  }
  return least;
}

void PrefixShares::fade() {
  if (counts_)
    for (Row& row : *counts_)
      for (std::uint16_t& cell : row) cell /= 2;
  total_ /= 2;
  since_fading_ = 0;
}

}  // namespace slipway::gateway

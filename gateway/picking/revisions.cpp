#include "gateway/picking/revisions.hpp"

#include <xxhash.h>

#include "gateway/picking/rendezvous.hpp"

namespace slipway::gateway {

std::optional<std::size_t> choose_revision(std::uint64_t sticky_key,
                                           std::span<const RevisionWeight> revisions) {
  std::optional<std::size_t> best;
  double highest = 0;
  for (std::size_t i = 0; i < revisions.size(); ++i) {
    if (revisions[i].weight <= 0) continue;
    const double here = score(draw(sticky_key, revisions[i].id), revisions[i].weight);
    if (best && here <= highest) continue;
    best = i;
    highest = here;
  }
  return best;
}

std::uint64_t sticky_key(const StickySources& sources) {
  for (const std::string_view text : {sources.header, sources.user, sources.key_id})
    if (!text.empty()) return XXH3_64bits(text.data(), text.size());
  return sources.conversation != 0 ? sources.conversation : sources.random;
}

}  // namespace slipway::gateway

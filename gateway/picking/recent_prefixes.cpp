#include "gateway/picking/recent_prefixes.hpp"

#include <algorithm>

#include "gateway/picking/prefix_shares.hpp"

namespace slipway::gateway {

namespace {

// The depth after `depth` at which prefixes are noted, a quarter deeper or a little more. The steps
// begin at 1 whatever a request's affinity key is: gateways need not agree on that to the block.
std::size_t next_noted(std::size_t depth) {
  std::size_t next = next_depth(depth);
  while (4 * block_end(next - 1) < 5 * block_end(depth - 1)) next = next_depth(next);
  return next;
}

std::size_t first_noted(std::size_t from) {
  std::size_t depth = 1;
  while (depth < from) depth = next_noted(depth);
  return depth;
}

// Depths without a trace after which nothing deeper is looked for.
constexpr int kMissesToGiveUp = 3;

}  // namespace

const RecentPrefixes::Place* RecentPrefixes::held(std::uint64_t link) const {
  if (places_.empty()) return nullptr;
  const Place* set = &places_[set_of(link)];
  for (const Place* place = set; place != set + kWays; ++place)
    if (place->link == link) return place;
  return nullptr;
}

std::optional<RecentPrefixes::Found> RecentPrefixes::find(std::span<const std::uint64_t> prefix,
                                                          std::size_t from) const {
  std::optional<Found> longest;
  std::size_t missed = prefix.size() + 1;  // the first depth without a trace after `longest`
  int misses = 0;
  for (std::size_t depth = first_noted(from); depth <= prefix.size() && misses < kMissesToGiveUp;
       depth = next_noted(depth)) {
    if (const Place* place = held(prefix[depth - 1])) {
      longest = Found{place->endpoint, depth};
      misses = 0;
    } else if (misses++ == 0) {
      missed = depth;
    }
  }
  if (misses == 0) missed = prefix.size() + 1;
  // The end of a shorter prompt may lie between.
  for (std::size_t depth = longest ? next_depth(longest->depth) : from; depth < missed && depth > 0;
       depth = next_depth(depth))
    if (const Place* place = held(prefix[depth - 1])) longest = Found{place->endpoint, depth};
  return longest;
}

void RecentPrefixes::note(std::span<const std::uint64_t> prefix, std::size_t from,
                          std::uint64_t endpoint) {
  if (from == 0 || from > prefix.size()) return;
  std::size_t end = from;
  for (std::size_t depth = from; depth <= prefix.size(); depth = next_depth(depth)) end = depth;
  for (std::size_t depth = first_noted(from); depth < end; depth = next_noted(depth))
    tell({prefix[depth - 1], endpoint});
  tell({prefix[end - 1], endpoint});
}

void RecentPrefixes::tell(const Placement& placement) {
  put(placement);
  if (told_.empty()) told_.resize(kTold);
  told_[noted_++ % kTold] = placement;
}

void RecentPrefixes::put(const Placement& placement) {
  if (places_.empty()) places_.resize(kSets * kWays);
  Place* set = &places_[set_of(placement.link)];
  Place* place = std::find_if(set, set + kWays,
                              [&](const Place& held) { return held.link == placement.link; });
  if (place == set + kWays)
    place = std::min_element(set, set + kWays,
                             [](const Place& a, const Place& b) { return a.used < b.used; });
  *place = {placement.link, placement.endpoint, ++uses_};
}

void RecentPrefixes::learn(std::span<const Placement> placements) {
  for (const Placement& placement : placements) put(placement);
}

RecentPrefixes::News RecentPrefixes::news(std::uint64_t since) const {
  News news;
  news.next = noted_;
  // A number from before a restart is from another count.
  if (since > noted_ || noted_ - since > kTold) since = noted_ - std::min(noted_, kTold);
  for (; since < noted_; ++since) news.placements.push_back(told_[since % kTold]);
  return news;
}

}  // namespace slipway::gateway

// Where prefixes went of late, as one gateway remembers it: prefix -> the endpoint that got it
// last. It says where a conversation is that did not go home, and whether a prompt is the next
// turn of one at all. Of fixed size: sets of four places, in which the one used longest ago makes
// room. A gateway that forgot, or never knew, falls back to rendezvous. Used by one thread at a
// time.
//
// What was noted here can be told to other gateways, in the order it was noted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace slipway::gateway {

struct Placement {
  std::uint64_t link = 0;  // of a prefix
  std::uint64_t endpoint = 0;
};

class RecentPrefixes {
 public:
  struct Found {
    std::uint64_t endpoint = 0;
    std::size_t depth = 0;  // links that it got
  };
  struct News {
    std::vector<Placement> placements;
    std::uint64_t next = 0;  // what to ask for the next time
  };

  // The longest remembered prefix of at least `from` links. `from`, here and below, is
  // a depth that `next_depth` steps on; 0: there is no prefix.
  std::optional<Found> find(std::span<const std::uint64_t> prefix, std::size_t from) const;
  // Remembers the prefixes of at least `from` links.
  void note(std::span<const std::uint64_t> prefix, std::size_t from, std::uint64_t endpoint);
  // Takes over what another gateway noted.
  void learn(std::span<const Placement> placements);
  // What was noted from number `since` on, as far as it is kept.
  News news(std::uint64_t since) const;

 private:
  static constexpr std::size_t kSets = 8192;
  static constexpr std::size_t kWays = 4;
  static constexpr std::size_t kTold = 4096;
  struct Place {
    std::uint64_t link = 0;
    std::uint64_t endpoint = 0;
    std::uint64_t used = 0;
  };
  static std::size_t set_of(std::uint64_t link) { return link % kSets * kWays; }
  const Place* held(std::uint64_t link) const;
  void put(const Placement& placement);
  void tell(const Placement& placement);

  std::vector<Place> places_;  // empty until something is noted, as the next one
  std::uint64_t uses_ = 0;
  std::vector<Placement> told_;  // a ring
  std::uint64_t noted_ = 0;
};

}  // namespace slipway::gateway

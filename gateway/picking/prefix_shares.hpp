// What share of a pool's recent requests begins with which prefix, and from it how much of a prompt
// says where it should go. A prefix that many share (a system prompt) would send them all to one
// endpoint, so the key of a request is its shortest prefix that is rare enough; all turns of one
// conversation then have one key, and gateways that see the same mix of traffic agree on it.
//
// A count-min sketch (Cormode and Muthukrishnan, 2005) of the prefixes on the way to the key:
// fixed size, never too low, halved every `kWindow` requests so that old traffic fades.
// Used by one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "gateway/picking/prefix_chain.hpp"

namespace slipway::gateway {

struct AffinityKey {
  std::uint64_t key = 0;  // 0: the prompt has no full block, nothing ties it to others
  double share = 0;       // of recent requests with this key, in [0, 1]
  std::size_t depth = 0;  // links that the key stands for
  double crowd = 0;       // share over the one that is rare enough
  bool common = false;    // to the end of the prompt, every prefix has more than its share
};

class PrefixShares {
 public:
  // Counts the request and finds its key: the first link whose share is at most `rare_enough`, or
  // the last one where none is. `rare_enough` is in (0, 1).
  AffinityKey count(std::span<const std::uint64_t> prefix, double rare_enough);

 private:
  static constexpr std::size_t kRows = 2;
  static constexpr std::size_t kColumns = 16384;
  // Depths beyond the key that are counted as well, so that the way behind a long prefix that many
  // begin to share is found in some dozens of requests.
  static constexpr int kAhead = 8;
  // Requests after which counts are halved; in the long run the sketch holds twice as many.
  static constexpr std::uint32_t kWindow = 1024;
  static constexpr double kSeenBeforeCommon = 4;

  std::uint32_t raise(std::uint64_t link);
  void fade();

  using Row = std::array<std::uint16_t, kColumns>;
  // Made when the first prefix is counted: most of many services have no prompts to tell apart.
  std::unique_ptr<std::array<Row, kRows>> counts_;
  std::uint32_t total_ = 0;  // requests in the sketch
  std::uint32_t since_fading_ = 0;
};

// The depths that are looked at: of blocks of one size eight an octave, so that a long shared
// prompt costs few steps. The next one after `depth` links; both count links, the first is 1.
constexpr std::size_t next_depth(std::size_t depth) {
  const std::size_t blocks =
      depth < kSmallBlocks ? depth : block_end(depth - 1) / kLargeBlock;  // of this size
  std::size_t step = 1;
  while (blocks >= 16 * step) step *= 2;
  return depth + step;
}

}  // namespace slipway::gateway

// Rendezvous hashing with weights (highest random weight): every gateway ranks the same choices for
// a key alike without sharing anything. A choice that comes or goes moves only its own keys, and a
// weight that grows takes keys from others and gives none away.
// Score of a choice: -weight / ln(u), with u uniform in (0, 1) from key and choice (Schindelhauer
// and Schomaker, "Weighted distributed hash tables", SPAA 2005).
#pragma once

#include <cstdint>

namespace slipway::gateway {

// A bijection that spreads every bit over all (the finalizer of SplitMix64).
constexpr std::uint64_t mix(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9ULL;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebULL;
  return bits ^ (bits >> 31);
}

// What `choice` drew for `key`, uniform over all 64-bit numbers. With equal weights the highest
// draw has the highest score.
constexpr std::uint64_t draw(std::uint64_t key, std::uint64_t choice) {
  return mix(key ^ mix(choice + 0x9e3779b97f4a7c15ULL));
}

// In (0, 1): the middle of the drawn number's share of the unit.
constexpr double unit(std::uint64_t drawn) {
  return (static_cast<double>(drawn >> 11) + 0.5) * 0x1p-53;
}

// The score of a draw; `weight` > 0.
double score(std::uint64_t drawn, double weight);

}  // namespace slipway::gateway

#include "gateway/limits/lease.hpp"

#include <algorithm>
#include <cstddef>

namespace slipway::gateway {

std::vector<double> divide(double limit, std::span<const ReplicaDemand> replicas) {
  std::vector<double> shares(replicas.size());
  std::vector<std::size_t> heard;  // the smallest wish first
  double left = 1;
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    if (replicas[i].per_second) {
      heard.push_back(i);
      continue;
    }
    shares[i] = std::min(left, std::max(0.0, replicas[i].last_share));
    left -= shares[i];
  }
  if (heard.empty() || limit <= 0) return shares;
  std::ranges::sort(heard, {}, [&](std::size_t i) { return *replicas[i].per_second; });
  const double least = kLeastOfEqualShare * left / static_cast<double>(heard.size());
  for (std::size_t n = 0; n < heard.size(); ++n) {
    const double equal = left / static_cast<double>(heard.size() - n);
    const double wish = std::max(least, *replicas[heard[n]].per_second / limit);
    shares[heard[n]] = std::min(equal, wish);
    left -= shares[heard[n]];
  }
  for (const std::size_t i : heard)
    shares[i] += std::max(0.0, left) / static_cast<double>(heard.size());
  return shares;
}

}  // namespace slipway::gateway

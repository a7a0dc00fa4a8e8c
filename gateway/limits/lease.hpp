// How replicas of the gateway share one limit: each second it is divided anew by what each was
// asked for. A replica goes on with its last share until it hears of another, so that a partition
// admits no more than before; and a replica that does not report keeps its share, so that the
// others cannot be given it too. Pure.
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace slipway::gateway {

struct ReplicaDemand {
  std::optional<double> per_second{};  // units asked for, let in or not; nullopt: did not report
  double last_share = 0;               // that it may still use, 0 to 1
};

// Every replica can let in this part of an equal share at once, whatever it was asked for before.
inline constexpr double kLeastOfEqualShare = 0.01;

// The share of each, in their order; together they are at most 1. `limit` is in units a second.
// What is asked for is given as far as it goes, the smallest wishes first (max-min fairness); what
// is left over is divided equally.
std::vector<double> divide(double limit, std::span<const ReplicaDemand> replicas);

}  // namespace slipway::gateway

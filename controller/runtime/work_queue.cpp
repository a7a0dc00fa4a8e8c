#include "controller/runtime/work_queue.hpp"

#include <algorithm>
#include <cmath>

#include "crds/base/check.hpp"

namespace slipway {

void WorkQueue::add(const Key& key, Duration due) {
  const auto [at, added] = due_.try_emplace(key, due);
  if (!added && at->second <= due) return;
  if (!taken_.contains(key)) {
    takeable_.erase({at->second, key});
    takeable_.emplace(due, key);
  }
  at->second = due;
}

std::optional<Key> WorkQueue::take(Duration now) {
  if (takeable_.empty() || takeable_.begin()->first > now) return std::nullopt;
  Key key = takeable_.begin()->second;
  takeable_.erase(takeable_.begin());
  due_.erase(key);
  taken_.insert(key);
  return key;
}

void WorkQueue::done(const Key& key) {
  SLIPWAY_CHECK(taken_.erase(key) == 1, "only what was taken can be done");
  const auto again = due_.find(key);
  if (again != due_.end()) takeable_.emplace(again->second, key);
}

std::optional<Duration> WorkQueue::next_due() const {
  if (takeable_.empty()) return std::nullopt;
  return takeable_.begin()->first;
}

std::size_t WorkQueue::depth(Duration now) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(due_, [&](const auto& entry) { return entry.second <= now; }));
}

Duration KeyBackoff::next(const Key& key, Duration first, double random) {
  constexpr double kCap = 5 * 60 * 1000;  // ms
  constexpr int kCapped = 20;             // no `first` is so short that this stays below the cap
  int& failures = failures_[key];
  const double wait = std::min(static_cast<double>(first.count()) * std::pow(2, failures), kCap);
  failures = std::min(failures + 1, kCapped);
  return Duration(static_cast<Duration::rep>(wait * (1 - random / 10)));
}

void KeyBackoff::forget(const Key& key) {
  failures_.erase(key);
}

}  // namespace slipway

#include "controller/runtime/work_queue.hpp"

#include <algorithm>
#include <cmath>

#include "crds/base/check.hpp"

namespace slipway {

void WorkQueue::add(const Key& key, Duration due, Turn turn) {
  const auto [at, added] = waiting_.try_emplace(key, Place{due, turn});
  const Place before = at->second;
  at->second = {std::min(due, before.due), std::min(turn, before.turn)};
  if (taken_.contains(key)) return;
  if (!added) line(before.turn).erase({before.due, key});
  line(at->second.turn).emplace(at->second.due, key);
}

std::optional<Key> WorkQueue::take(Duration now) {
  for (Line& waiting : takeable_) {
    if (waiting.empty() || waiting.begin()->first > now) continue;
    Key key = waiting.begin()->second;
    waiting.erase(waiting.begin());
    waiting_.erase(key);
    taken_.insert(key);
    return key;
  }
  return std::nullopt;
}

void WorkQueue::done(const Key& key) {
  SLIPWAY_CHECK(taken_.erase(key) == 1, "only what was taken can be done");
  const auto again = waiting_.find(key);
  if (again != waiting_.end()) line(again->second.turn).emplace(again->second.due, key);
}

std::optional<Duration> WorkQueue::next_due() const {
  std::optional<Duration> first;
  for (const Line& waiting : takeable_) {
    if (!waiting.empty() && (!first || waiting.begin()->first < *first))
      first = waiting.begin()->first;
  }
  return first;
}

std::size_t WorkQueue::depth(Duration now) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(waiting_, [&](const auto& entry) { return entry.second.due <= now; }));
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

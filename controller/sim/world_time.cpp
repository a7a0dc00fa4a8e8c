// How time passes in a simulated world: with elections, with what still arrives from the dead, and
// by jumps over what only repeats itself.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "controller/sim/world.hpp"

namespace slipway::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Longer than that nobody watches leases being renewed, and not more often.
constexpr Duration kRenewals = seconds(5);
constexpr Duration kShowing = minutes(5);

}  // namespace

void World::set_time(Duration now) {
  now_ = now;
  trace_.set_time(now_);
}

Replica* World::leader() const {
  for (const auto& replica : replicas_) {
    if (replica->leads()) return replica.get();
  }
  return nullptr;
}

bool World::leases_rest() const {
  return late_.empty() && leader() != nullptr &&
         std::ranges::all_of(replicas_, [](const auto& one) { return one->settled(); });
}

void World::elect() {
  for (bool acted = true; acted;) {
    acted = false;
    for (const auto& replica : replicas_) acted = replica->elect() || acted;
  }
}

void World::land_late() {
  for (std::size_t i = 0; i < late_.size();) {
    if (late_[i].first > now_) {
      ++i;
      continue;
    }
    const auto write = std::move(late_[i].second);
    late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(i));
    write();
  }
}

void World::pass(Duration time, bool until_change) {
  if (!faults_.elects) return set_time(now_ + time);
  if (time > kRenewals && leases_rest()) {
    const Duration shown = now_ - shown_ > kShowing ? kRenewals : Duration{};
    if (shown > Duration{}) shown_ = now_;
    pass(shown);
    skipped_ += time - shown;
    return set_time(now_ + time - shown);
  }
  const Duration end = now_ + time;
  const Replica* before = leader();
  while (now_ < end) {
    Duration next = end;
    for (const auto& replica : replicas_) {
      if (const auto due = replica->next_election()) next = std::min(next, *due);
    }
    for (const auto& [when, write] : late_) next = std::min(next, when);
    set_time(std::clamp(next, now_ + Duration(1), end));
    elect();
    land_late();
    if (until_change && leader() != before) return;
  }
}

void World::jump(Duration limit) {
  Duration next = now_ + limit;
  for (const auto& replica : replicas_) {
    if (const auto due = replica->next_due()) next = std::min(next, *due);
    if (const auto due = replica->thaws()) next = std::min(next, *due);
  }
  pass(std::max(next - now_, Duration(1)), true);
}

std::optional<Duration> World::until_led(Duration limit) {
  const Duration started = now_;
  while (leader() == nullptr && now_ - started <= limit && !failed()) {
    step();
  }
  if (leader() == nullptr || now_ - started > limit) return std::nullopt;
  return now_ - started;
}

}  // namespace slipway::sim

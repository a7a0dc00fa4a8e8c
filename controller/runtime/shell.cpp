#include "controller/runtime/shell.hpp"

#include <algorithm>

namespace slipway {
namespace {

// Sleepers look around this often even if nobody wakes them.
constexpr Duration kLongestSleep = std::chrono::minutes(1);

}  // namespace

ControllerShell::ControllerShell(Controller& controller, kube::Transport& transport,
                                 const Clock& clock, WakeUp& wake, int workers, ShellEvents events)
    : controller_(controller), clock_(clock), events_(std::move(events)), wake_(wake) {
  workers_.reserve(static_cast<std::size_t>(workers));
  for (int i = 0; i < workers; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
  watchers_.reserve(kAllWatched.size());
  for (const Watched kind : kAllWatched) {
    watchers_.push_back(std::make_unique<kube::Watcher>(
        target_of(kind), transport,
        [this, kind](const kube::WatchEvent& event) {
          const auto undecodable = controller_.on_watch_event(kind, event, clock_.now());
          if (undecodable && events_.undecodable) events_.undecodable(kind, *undecodable);
          wake_.ring();
        },
        [this, kind](const kube::WatchTarget&, const Error& error) {
          if (events_.watch_trouble) events_.watch_trouble(kind, error);
        }));
  }
}

ControllerShell::~ControllerShell() {
  for (std::jthread& worker : workers_) worker.request_stop();
  // Each takes up to a second to leave its stream: all at once.
  std::vector<std::jthread> stoppers;
  stoppers.reserve(watchers_.size());
  for (auto& watcher : watchers_) {
    stoppers.emplace_back([&watcher] { watcher.reset(); });
  }
}

kube::WatchHealth ControllerShell::health(Watched kind) const {
  return watchers_[index_of(kind)]->health();
}

void ControllerShell::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const std::uint64_t rings = wake_.rings();
    const Moment now = clock_.now();
    const auto key = controller_.take(now);
    const auto due = controller_.next_due(now);
    if (!key) {
      const Duration sleep =
          due ? std::clamp(*due - now.monotonic, Duration(1), kLongestSleep) : kLongestSleep;
      wake_.wait(stop, rings, sleep);
      continue;
    }
    // One wake-up stands for one event, and an event may have brought several keys.
    if (due && *due <= now.monotonic) wake_.ring();
    const Report report = controller_.process(*key, now, stop);
    if (events_.processed) events_.processed(report, clock_.now().monotonic - now.monotonic);
  }
}

}  // namespace slipway

#include "controller/runtime/shell.hpp"

#include <algorithm>

namespace slipway {
namespace {

// Sleepers look around this often even if nobody wakes them.
constexpr Duration kLongestSleep = std::chrono::minutes(1);

}  // namespace

ControllerShell::ControllerShell(Controller& controller, kube::Transport& transport,
                                 const Clock& clock, WakeUp& wake, const ShellOptions& options,
                                 ShellEvents events)
    : controller_(controller),
      clock_(clock),
      events_(std::move(events)),
      wake_(wake),
      auditor_(controller.cache(), transport, options.audit_period, clock.now().monotonic,
               {[this](Watched kind) { return health(kind).version; },
                [this](Watched kind, const AuditFinding& finding) { found(kind, finding); }}) {
  for (const Watched kind : kAllWatched) watch(kind, transport);
  for (int i = 0; i < options.workers; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

ControllerShell::~ControllerShell() {
  for (std::jthread& worker : workers_) worker.request_stop();
  workers_.clear();  // they call into the watchers
  // Each takes up to a second to leave its stream: all at once.
  std::vector<std::jthread> stoppers;
  stoppers.reserve(watchers_.size());
  for (auto& watcher : watchers_) {
    stoppers.emplace_back([&watcher] { watcher.reset(); });
  }
}

void ControllerShell::watch(Watched kind, kube::Transport& transport) {
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

void ControllerShell::found(Watched kind, const AuditFinding& finding) {
  if (events_.audit_found) events_.audit_found(kind, finding);
  watchers_[index_of(kind)]->renew("the audit found " + std::to_string(finding.differences) +
                                   " of kind " + target_of(kind).resource.kind +
                                   " that the watch has lost, the first: " + finding.first);
}

kube::WatchHealth ControllerShell::health(Watched kind) const {
  return watchers_[index_of(kind)]->health();
}

void ControllerShell::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const std::uint64_t rings = wake_.rings();
    const Moment now = clock_.now();
    if (auditor_.step(now.monotonic)) continue;
    const auto key = controller_.take(now);
    const auto due = controller_.next_due(now);
    if (!key) {
      Duration sleep = kLongestSleep;
      for (const auto& end : {due, auditor_.next_due()}) {
        if (end) sleep = std::clamp(*end - now.monotonic, Duration(1), sleep);
      }
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

// The engine: watch events in, reconciles out. Owns cache, queue and executor; has no threads of
// its own, so that the simulator drives it step by step, and `ControllerShell` from many threads.
// Thread-safe, with one rule: events of one kind come from one thread at a time.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "controller/cache/cache.hpp"
#include "controller/cache/guarded.hpp"
#include "controller/runtime/clock.hpp"
#include "controller/runtime/executor.hpp"
#include "controller/runtime/work_queue.hpp"
#include "reconcilers/reconcile.hpp"

namespace slipway {

// What one `process` did, for logs and metrics.
struct Report {
  Key key;
  std::vector<std::string> sent;     // one line per write
  std::optional<Failure> failure;    // the key comes again by itself
  bool repeated = false;             // the same failure as the last time
  std::optional<Duration> next_try;  // after a failure
};

class Controller {
 public:
  using Random = std::function<double()>;  // uniform in [0, 1); called from any worker

  // `api` and `leadership` must outlive the controller.
  Controller(Settings settings, kube::ApiClient& api, Leadership& leadership, Random random);

  // From the watch of `kind`. The error names an object that could not be decoded.
  std::optional<Error> on_watch_event(Watched kind, const kube::WatchEvent& event, Moment now);

  // True once every watch has delivered its first complete set. Nothing is handed out before: a
  // half-filled cache would look like mass deletion.
  bool synced() const;
  // The next key to process, if one is due and this replica leads: a standby keeps its cache and
  // its queue up to date, and writes nothing. Each taken key must be processed.
  std::optional<Key> take(Moment now);
  // Observes, decides, executes. Blocks for as long as the API server takes; `stop` ends it after
  // the write that is under way.
  Report process(const Key& key, Moment now, const std::stop_token& stop = {});
  // When `take` should be asked again (monotonic); nullopt: only an event or a change of leaders
  // can change that.
  std::optional<Duration> next_due(Moment now) const;

  const Cache& cache() const { return cache_; }
  std::size_t queue_depth(Moment now) const;

 private:
  // A write that the server refused, and until when it is not tried again.
  struct Refused {
    Action action;
    Refusal refusal;
    Duration next_try{};
  };

  void enqueue(const std::vector<Key>& keys, Duration due, Turn turn = Turn::Event);
  // Observes, decides and executes, once nothing is in doubt.
  Report look(const Key& key, Moment now, const std::stop_token& stop);
  // Whether the server said that it is too early for this key, which then is due at that time.
  bool put_off(const Key& key, Moment now);
  std::optional<Refused> refused(const Key& key) const;
  // Says the refusal in the status, and does nothing else.
  Outcome report(const Key& key, const Refusal& refusal, Moment now, const std::stop_token& stop);
  Report give_up_for_now(const Key& key, Outcome outcome, Moment now, const std::stop_token& stop);
  Report wait_for_refused(const Key& key, const Plan& plan, const Refused& refused, Moment now,
                          const std::stop_token& stop);
  bool is_gone(const Key& key) const;

  const Settings settings_;
  const Random random_;
  Leadership& leadership_;
  Cache cache_;
  Executor executor_;
  struct Work {
    WorkQueue queue;
    KeyBackoff backoff;
    std::map<Key, Refused> refused;
    std::map<Key, std::string> last_failure;
    std::map<Key, Duration> not_before;  // the server said when to come back
  };
  Guarded<Work> work_;
  std::array<std::atomic<bool>, kAllWatched.size()> in_sync_{};
  std::atomic<bool> started_ = false;  // everything was looked at once
};

}  // namespace slipway

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
  std::optional<Duration> next_try;  // after a failure
};

class Controller {
 public:
  using Random = std::function<double()>;  // uniform in [0, 1); called from any worker

  // `api` must outlive the controller.
  Controller(Settings settings, kube::ApiClient& api, Random random);

  // From the watch of `kind`. The error names an object that could not be decoded.
  std::optional<Error> on_watch_event(Watched kind, const kube::WatchEvent& event, Moment now);

  // True once every watch has delivered its first complete set. Nothing is handed out before: a
  // half-filled cache would look like mass deletion.
  bool synced() const;
  // The next key to process, if one is due. Each taken key must be processed.
  std::optional<Key> take(Moment now);
  // Observes, decides, executes. Blocks for as long as the API server takes.
  Report process(const Key& key, Moment now);
  // When `take` should be asked again (monotonic); nullopt: only an event can change that.
  std::optional<Duration> next_due() const;

  const Cache& cache() const { return cache_; }
  std::size_t queue_depth(Moment now) const;

 private:
  // A write that the server refused, and what exactly we had asked for.
  struct Refused {
    Refusal refusal;
    Json request;
    Duration next_try{};
  };

  void enqueue(const std::vector<Key>& keys, Duration due);
  Report try_plan(const Key& key, const Plan& plan, Moment now);
  Report report_refusal(const Key& key, const Refused& refused, Moment now);
  Report after_failure(const Key& key, const Plan& plan, Outcome outcome, Moment now);

  const Settings settings_;
  const Random random_;
  Cache cache_;
  Executor executor_;
  struct Work {
    WorkQueue queue;
    KeyBackoff backoff;
    std::map<Key, Refused> refused;
  };
  Guarded<Work> work_;
  std::array<std::atomic<bool>, kAllWatched.size()> synced_{};
};

}  // namespace slipway

// The shell around one `AuditMachine` per kind: asks the API server and looks into the cache. It
// has no thread of its own; whoever has time calls `step`. A standby audits too: what it takes over
// with must be as true as what a leader works with. The kinds take turns, so that they never list
// all at once. Thread-safe; everything handed in must outlive it.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "controller/cache/cache.hpp"
#include "controller/kube/transport.hpp"
#include "controller/runtime/audit_machine.hpp"

namespace slipway {

// What an audit needs of a kind's watch.
struct AuditedWatches {
  std::function<std::string(Watched)> told;  // the version up to which it has told everything
  std::function<void(Watched, const AuditFinding&)> found;  // it must start over with a new set
};

class Auditor {
 public:
  Auditor(const Cache& cache, kube::Transport& transport, Duration period, Duration now,
          AuditedWatches watches);

  // Fetches one page, if one is due and no other thread is at it. False: it did nothing.
  bool step(Duration now);
  // When `step` should be asked again; nullopt: another thread is at it, and will know.
  std::optional<Duration> next_due() const;

 private:
  bool look(Duration now);
  Duration::rep soonest() const;
  double random() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  const Cache& cache_;
  kube::Transport& transport_;
  const AuditedWatches watches_;
  std::atomic<bool> busy_ = false;
  std::atomic<Duration::rep> due_ = 0;
  // Only whoever made it busy touches these.
  std::mt19937_64 random_;
  std::vector<AuditMachine> machines_;  // in the order of `Watched`
};

}  // namespace slipway

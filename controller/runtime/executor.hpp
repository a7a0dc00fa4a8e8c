// The only place where a plan meets the API server. Sends nothing that the server already has.
// Thread-safe for different keys; one key is executed by one thread at a time. The cache and the
// client must outlive it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/cache/cache.hpp"
#include "controller/cache/guarded.hpp"
#include "controller/kube/api_client.hpp"
#include "controller/runtime/announcer.hpp"
#include "controller/runtime/clock.hpp"
#include "reconcilers/plan.hpp"

namespace slipway {

struct Failure {
  ObjectRef object;
  Error error;
  // Trying again does not cure it by itself: said in the status, then tried at growing intervals.
  bool lasting = false;
};

struct Outcome {
  std::vector<std::string> sent;  // one line per write that the server took
  std::vector<Key> affected;      // whose decisions our own writes may change
  std::optional<Failure> failure;
  std::optional<Duration> revisit;  // a drift is left alone until then: somebody keeps undoing us
};

enum class Allowed {
  Everything,
  ReportsOnly,  // SetStatus and Announce
};

class Executor {
 public:
  Executor(kube::ApiClient& api, Cache& cache) : api_(api), cache_(cache), announcer_(api) {}

  Outcome execute(const Key& key, const Plan& plan, Allowed allowed, Moment now);
  // The object of `key` is gone: what is remembered about its children goes too.
  void forget(const Key& key);

 private:
  // What the last apply of one child did. Lost at a restart, which costs one apply at most.
  struct Memory {
    Projection desired;
    Projection answered;  // differs from `desired` where admission changes what we send
    Projection drifted;   // what was live when it was sent
    Duration sent{};
    int repeats = 0;  // times in a row that the same drift was repaired
    std::string deleted_uid;
  };
  using Memories = std::map<ObjectRef, Memory>;

  std::optional<Failure> run(const Apply& action, Memories& memories, Outcome& outcome,
                             const Plan& plan, Moment now);
  std::optional<Failure> run(const Delete& action, Memories& memories, Outcome& outcome);
  std::optional<Failure> run(const SetStatus& action, Outcome& outcome);
  // What is sent is not what is live: sends it.
  std::optional<Failure> send(const Apply& action, const std::optional<Live>& live,
                              Memories& memories, Outcome& outcome, Moment now);

  kube::ApiClient& api_;
  Cache& cache_;
  Announcer announcer_;
  Guarded<std::map<Key, Memories>> memories_;
};

}  // namespace slipway

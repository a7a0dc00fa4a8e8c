// The only place where a plan meets the API server. Sends nothing that the server already has.
// Every write that replaces or deletes something depends on the version that was looked at, so
// that what another replica has written since is never undone by an old decision.
// Thread-safe for different keys; one key is executed by one thread at a time. Cache, client and
// leadership must outlive it.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "controller/cache/cache.hpp"
#include "controller/cache/guarded.hpp"
#include "controller/kube/api_client.hpp"
#include "controller/runtime/announcer.hpp"
#include "controller/runtime/clock.hpp"
#include "controller/runtime/leadership.hpp"
#include "reconcilers/plan.hpp"

namespace slipway {

struct Failure {
  Action action;
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

class Executor {
 public:
  Executor(kube::ApiClient& api, Cache& cache, Leadership& leadership)
      : api_(api), cache_(cache), leadership_(leadership), announcer_(api) {}

  // To be called before each decision. What a write has left unknown, because its answer was lost
  // or somebody else had been first, is read, unless the watch has told it meanwhile: nothing may
  // be deleted for being out of use on a view that is known to be old. A failure: it is still
  // unknown.
  Outcome clear_doubts(const Key& key);
  // `stop` ends the plan between two writes.
  Outcome execute(const Key& key, const Plan& plan, Moment now, const std::stop_token& stop = {});
  // The object of `key` is gone: what is remembered about its children goes too.
  void forget(const Key& key);

 private:
  // What the last write to one child did. Lost at a restart, which costs one apply at most.
  struct Memory {
    std::optional<Projection> desired;  // unset: never applied
    Projection answered;                // differs from `desired` where admission changes it
    Duration sent{};
    int repeats = 0;  // applies of the same desired object in a row
    std::string deleted_uid;
  };
  using Memories = std::map<ObjectRef, Memory>;
  // A write of which is not known what came of it.
  struct Doubt {
    Action action;
    std::string version;  // that the cache held of the object; empty: none
  };
  using Doubts = std::map<ObjectRef, Doubt>;
  struct Pass;  // one call of `execute`

  // Each returns an error if the plan must stop there.
  Result<> run(const Apply& apply, Pass& pass);
  // As far as the cache knows.
  bool still_there(const Delete& removal) const;
  Result<> run(const Delete& removal, Pass& pass);
  Result<> run(const SetStatus& status, Pass& pass);
  Result<> run(const Announce& news, Pass& pass);

  // Whether a child that is not there is still to be made.
  Result<bool> still_wanted(Pass& pass);
  Result<> send(const Apply& apply, const std::optional<Live>& live, Pass& pass);
  std::string held_version(const ObjectRef& ref) const;
  void doubt(const Key& key, const ObjectRef& ref, const Action& action);
  // Reads the object, and adds whose decisions that may change.
  Result<> read_again(const ObjectRef& ref, std::vector<Key>& affected);
  // An error if `live` is a Deployment that its Service selects, whatever the cache says.
  Result<> check_unused(const Live& live, Pass& pass);
  // An error if a later leader has written `live`.
  Result<> check_epoch(const ObjectRef& ref, const Live& live);
  // The server refused an object that no watch shows: finds out whose the one in our way is.
  Result<kube::ApplyAnswer> settle(kube::ApplyRequest request, Error refused);
  void learn(Watched kind, const std::string& body, std::vector<Key>& affected);

  kube::ApiClient& api_;
  Cache& cache_;
  Leadership& leadership_;
  Announcer announcer_;
  Guarded<std::map<Key, Memories>> memories_;
  Guarded<std::map<Key, Doubts>> doubts_;
};

}  // namespace slipway

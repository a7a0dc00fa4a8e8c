// Rules of the work queue, without threads: the caller locks. A key is handed to one worker at a
// time; adding it meanwhile queues it once more.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "crds/base/time.hpp"
#include "reconcilers/snapshots.hpp"

namespace slipway {

// Who goes first of those that are due. However long the queue, a person who changes an object does
// not wait for it.
enum class Turn {
  Edit,        // somebody changed an object that was there before
  Event,       // something new, or something happened
  Background,  // a look at everything: after a start, or because a runtime or a node changed
};

class WorkQueue {
 public:
  // Times are monotonic. Of two due times or turns of one key the earlier counts.
  void add(const Key& key, Duration due, Turn turn = Turn::Event);
  // Of the keys that are due, the first by turn and then the one that is due longest; nullopt:
  // nothing is due, or all that is due is being worked on.
  std::optional<Key> take(Duration now);
  // REQUIRES: `key` was taken and is not yet done. Makes a key that was added meanwhile takeable.
  void done(const Key& key);
  // When a sleeper should wake; may lie in the past.
  std::optional<Duration> next_due() const;

  std::size_t depth() const { return waiting_.size(); }  // waiting, now or for later
  std::size_t depth(Duration now) const;                 // due now

 private:
  struct Place {
    Duration due;
    Turn turn;
  };
  using Line = std::set<std::pair<Duration, Key>>;

  Line& line(Turn turn) { return takeable_[static_cast<std::size_t>(turn)]; }

  std::map<Key, Place> waiting_;
  std::array<Line, 3> takeable_;  // by turn: those that wait and are not being worked on
  std::set<Key> taken_;
};

// How long a key waits after its n-th failure in a row: `first`, doubled up to 5 minutes, of which
// the last tenth is random. Start over with `forget`.
class KeyBackoff {
 public:
  Duration next(const Key& key, Duration first, double random);  // random: uniform in [0, 1)
  void forget(const Key& key);

 private:
  std::map<Key, int> failures_;
};

}  // namespace slipway

// What goes wrong in a simulated world, and what is wrong on purpose in a mutant of the
// controller: a test that the invariants can fail. Values only.
#pragma once

#include <cstdint>
#include <optional>

#include "crds/base/time.hpp"

namespace slipway::sim {

// A controller that is broken on purpose; made by falsifying what goes into and comes out of it.
enum class Mutant {
  None,
  IgnoresUid,       // deletes by name alone
  ClearsOnRelist,   // forgets everything when a set begins
  DropsOldFirst,    // deletes the Deployment that serves when it applies another one
  StatusRunsAhead,  // claims to have observed a generation that does not exist yet
  AlwaysReady,      // says Ready=True from the start
  MissesChanges,    // loses MODIFIED events
  AsksNoPermit,     // sends what it decided as leader, however long ago that was
  ColdStandby,      // knows no Deployments when it becomes the leader
};

// By so much of its rate a replica's clock may be wrong where clocks are not even.
inline constexpr double kClockDrift = 0.1;

// A time as a clock of that rate measures it.
inline Duration at_rate(Duration time, double rate) {
  return rate == 1 ? time
                   : Duration(static_cast<Duration::rep>(static_cast<double>(time.count()) * rate));
}

struct Faults {
  double write = 0;      // a write fails before or after it took effect
  double crash = 0;      // the controller dies at a write
  double meanwhile = 0;  // others act while a write is under way
  double watch = 0;      // a stream is cut, repeated, stalled, expired or refused
  double users = 0;      // a user does something
  int replicas = 1;
  bool elects = false;      // whoever writes has to hold the Lease; REQUIRED of several replicas
  bool even_clocks = true;  // false: those of the replicas are wrong by up to `kClockDrift`
  double replica = 0;       // one freezes, dies, is cut off, loses its Lease or is stopped
  double freeze = 0;        // one stands still right before a write leaves it
  double slow = 0;          // a write is under way for as long as the server allows
  double namespaces = 0;    // of what users do: they delete a whole namespace
  bool watch_list = true;   // false: a server that knows no streamed lists
  // Dies exactly once: at the n-th write (from 1), before or after it takes effect.
  std::optional<std::uint64_t> crash_at;
  bool crash_after = false;
  Mutant mutant = Mutant::None;
};

inline constexpr Faults kNoFaults{};

}  // namespace slipway::sim

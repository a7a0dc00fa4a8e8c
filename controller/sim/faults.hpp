// What goes wrong in a simulated world, and what is wrong on purpose in a mutant of the
// controller: a test that the invariants can fail. Values only.
#pragma once

#include <cstdint>
#include <optional>

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
};

struct Faults {
  double write = 0;        // a write fails before or after it took effect
  double crash = 0;        // the controller dies at a write
  double meanwhile = 0;    // others act while a write is under way
  double watch = 0;        // a stream is cut, repeated, stalled, expired or refused
  double users = 0;        // a user does something
  bool watch_list = true;  // false: a server that knows no streamed lists
  // Dies exactly once: at the n-th write (from 1), before or after it takes effect.
  std::optional<std::uint64_t> crash_at;
  bool crash_after = false;
  Mutant mutant = Mutant::None;
};

inline constexpr Faults kNoFaults{};

}  // namespace slipway::sim

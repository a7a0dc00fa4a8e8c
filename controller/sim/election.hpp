// Several replicas and one Lease in virtual time: messages are late or lost, processes freeze, die
// and start over, clocks run unevenly, people delete the Lease or take it. Judges whether ever two
// replicas may write at the same time, and whether always one does again.
#pragma once

#include <cstdint>
#include <string>

namespace slipway::sim {

// An election that is broken on purpose: a test that the judgement can fail.
enum class ElectionMutant {
  None,
  NoDeadline,  // leads until it hears of a successor
  ShortLease,  // takes a Lease over before the old leader's last write has ended
};

struct ElectionVerdict {
  std::string failure;      // empty: all promises were kept
  std::int64_t terms = 0;   // changes of leaders there were
  std::int64_t writes = 0;  // of leaders
};

ElectionVerdict run_election(std::uint64_t seed, ElectionMutant mutant = ElectionMutant::None);

}  // namespace slipway::sim

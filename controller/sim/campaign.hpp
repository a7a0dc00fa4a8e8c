// Runs one seed from chaos to calm and judges the outcome. Used by the tests and by `slipway-sim`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "controller/sim/faults.hpp"

namespace slipway::sim {

struct Verdict {
  std::string failure;  // empty: all promises were kept
  std::string trace;    // as many of its last lines as were asked for
  std::uint64_t writes = 0;
};

// Which faults a seed brings: some seeds have all of them, some only a few.
Faults faults_of(std::uint64_t seed);

// Chaos, calm; then: the state is that of a fresh cluster given the same objects, every service is
// ready, an hour passes without a write, and so does the time after each change of leaders.
Verdict run_seed(std::uint64_t seed, const Faults& faults, std::size_t trace_lines = 0);

// The seeds of [first, first + count) that break a promise, in their order. Runs them, and an
// election of each, on `threads` threads.
std::vector<std::uint64_t> failing_seeds(std::uint64_t first, std::uint64_t count,
                                         unsigned threads);
// What is wrong with a seed, its run or its election; the trace of the run if that is to blame.
Verdict judge_seed(std::uint64_t seed, std::size_t trace_lines = 0);

// One service through creation, a change and a deletion, with one crash of each replica at its
// given write: of several, another goes on.
// `writes` of the verdict is how many writes there were, to know how far to count.
enum class Story { Create, Change, Delete };
Verdict run_crash(Story story, int replicas, std::uint64_t crash_at, bool after,
                  std::size_t trace_lines = 0);

// Leaders die and end, again and again, with nothing else to be done.
Verdict run_takeovers(Mutant mutant);

// A leader whose clock is slow loses its Lease while its writes are under way; its successor works.
Verdict run_deposed(std::uint64_t seed);

// A namespace is terminated, but its service stays in it for long after its children have gone;
// then it is made anew.
Verdict run_terminating(std::size_t trace_lines = 0);

// Somebody puts an object of his own in the place of a child, and before the controller has heard
// of it the service stops needing that child.
Verdict run_namesake(Mutant mutant);

}  // namespace slipway::sim

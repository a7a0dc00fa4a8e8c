// One inference engine on a virtual clock: continuous batching with chunked prefill, a KV memory
// of blocks that running requests hold and a prefix cache fills (least recently used goes first).
// Deterministic; nothing in it is random.
//
// A step computes up to `chunk` prompt tokens, first come first served, and one token of every
// answer under way: it takes a + b * batch + prompt tokens / prefill rate.
#pragma once

#include <cstdint>
#include <deque>
#include <queue>
#include <vector>

#include "bench/prefix/trace.hpp"

namespace slipway::bench {

// About a 70 B model on one node with eight GPUs of 80 GB.
struct EngineModel {
  std::uint32_t slots = 64;
  double prefill_rate = 10'000;     // tokens/s
  double step = 0.015;              // a: s
  double step_per_sequence = 3e-4;  // b: s
  std::uint32_t chunk = 512;        // tokens
  std::uint32_t kv_tokens = 600'000;
};

struct Event {
  double at = 0;
  std::uint32_t request = 0;  // index in the trace
  bool first = false;         // the first token, else the last
  std::uint32_t cached = 0;   // prompt tokens that the cache spared
};

class Engine {
 public:
  Engine(const EngineModel& model, const Trace& trace);

  void add(std::uint32_t request, double now);
  // Goes on with every step that begins before `until`; appends what happened.
  void run(double until, std::vector<Event>& events);

  std::uint32_t queued() const { return static_cast<std::uint32_t>(waiting_.size()); }
  std::uint32_t running() const { return running_; }
  double kv_used() const { return static_cast<double>(held_) / capacity_; }
  // The end of the last step.
  double clock() const { return clock_; }
  bool idle() const { return running_ == 0 && waiting_.empty(); }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Block {
    std::uint32_t users = 0;
    std::uint32_t before = kNone, after = kNone;  // in order of last use, if nobody uses it
    bool cached = false;
  };
  struct Decoding {
    std::uint64_t ends = 0;  // the step with its last token
    std::uint32_t request = 0;
    bool operator>(const Decoding& other) const { return ends > other.ends; }
  };

  bool admit();
  std::uint32_t prefill(std::vector<std::uint32_t>& answered);
  void finish(const Request& request);
  void unlink(std::uint32_t block);
  void append(std::uint32_t block);
  std::uint32_t leading_hits(const Request& request) const;

  const EngineModel model_;
  const Trace& trace_;
  const std::uint32_t capacity_;  // blocks
  double clock_ = 0;
  std::uint64_t steps_ = 0;
  std::deque<std::uint32_t> waiting_;
  std::uint32_t running_ = 0;
  std::uint32_t prefilling_ = kNone;
  std::uint32_t left_ = 0;  // prompt tokens of the request in prefill
  std::priority_queue<Decoding, std::vector<Decoding>, std::greater<>> decoding_;
  std::vector<Block> blocks_;
  std::vector<std::uint32_t> cached_tokens_;  // by request
  std::uint32_t oldest_ = kNone, newest_ = kNone;
  std::uint32_t held_ = 0;  // blocks of running requests
  std::uint32_t idle_ = 0;  // cached blocks that nobody uses
};

}  // namespace slipway::bench

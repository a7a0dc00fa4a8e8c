#include "bench/prefix/engine.hpp"

#include <algorithm>
#include <cmath>

#include "crds/base/check.hpp"

namespace slipway::bench {

namespace {

std::uint32_t blocks_of(std::uint32_t tokens) {
  return (tokens + kBlockTokens - 1) / kBlockTokens;
}

// Blocks for the answer, beyond those of the prompt.
std::uint32_t answer_blocks(const Request& request) {
  const auto prompt = static_cast<std::uint32_t>(request.blocks.size());
  return std::max(prompt, blocks_of(request.input + request.output)) - prompt;
}

}  // namespace

Engine::Engine(const EngineModel& model, const Trace& trace)
    : model_(model),
      trace_(trace),
      capacity_(model.kv_tokens / kBlockTokens),
      blocks_(trace.blocks),
      cached_tokens_(trace.requests.size()) {}

void Engine::add(std::uint32_t request, double now) {
  if (idle()) clock_ = std::max(clock_, now);
  waiting_.push_back(request);
}

void Engine::run(double until, std::vector<Event>& events) {
  std::vector<std::uint32_t> answered;
  while (clock_ < until && !idle()) {
    answered.clear();
    const double batch = static_cast<double>(decoding_.size());
    const std::uint32_t computed = prefill(answered);
    const double length =
        model_.step + model_.step_per_sequence * batch + computed / model_.prefill_rate;
    std::uint64_t steps = 1;
    if (computed == 0) {
      // Nothing but decoding: as many equal steps as nothing can come between.
      SLIPWAY_CHECK(!decoding_.empty(), "every request fits into an empty engine");
      const auto until_news = static_cast<std::uint64_t>(std::ceil((until - clock_) / length));
      steps = std::max<std::uint64_t>(1, std::min(decoding_.top().ends - steps_, until_news));
    }
    clock_ += length * static_cast<double>(steps);
    steps_ += steps;
    for (const std::uint32_t request : answered) {
      events.push_back({clock_, request, true, cached_tokens_[request]});
      decoding_.push({steps_ + std::max(1U, trace_.requests[request].output) - 1, request});
    }
    while (!decoding_.empty() && decoding_.top().ends <= steps_) {
      const std::uint32_t request = decoding_.top().request;
      decoding_.pop();
      events.push_back({clock_, request, false, cached_tokens_[request]});
      finish(trace_.requests[request]);
    }
  }
}

// Computes the prompt tokens of one step; returns how many.
std::uint32_t Engine::prefill(std::vector<std::uint32_t>& answered) {
  std::uint32_t budget = model_.chunk;
  while (budget > 0) {
    if (prefilling_ == kNone && !admit()) break;
    const std::uint32_t now = std::min(budget, left_);
    left_ -= now;
    budget -= now;
    if (left_ > 0) break;
    answered.push_back(prefilling_);
    prefilling_ = kNone;
  }
  return model_.chunk - budget;
}

bool Engine::admit() {
  if (waiting_.empty() || running_ >= model_.slots) return false;
  const std::uint32_t index = waiting_.front();
  const Request& request = trace_.requests[index];
  std::uint32_t more = answer_blocks(request);
  for (const std::uint32_t block : request.blocks) more += blocks_[block].users == 0 ? 1 : 0;
  if (held_ + more > capacity_) return false;
  waiting_.pop_front();
  ++running_;
  const auto prompt = static_cast<std::uint32_t>(request.blocks.size());
  // The last token is computed in any case: its output is the first token of the answer.
  const std::uint32_t hits = std::min(leading_hits(request) * kBlockTokens, request.input - 1);
  SLIPWAY_CHECK(prompt > 0, "every prompt has a block");
  for (const std::uint32_t block : request.blocks)
    if (blocks_[block].users++ == 0) {
      if (blocks_[block].cached) unlink(block);
      blocks_[block].cached = true;
    }
  held_ += more;
  while (held_ + idle_ > capacity_) {
    const std::uint32_t evicted = oldest_;
    unlink(evicted);
    blocks_[evicted].cached = false;
  }
  cached_tokens_[index] = hits;
  prefilling_ = index;
  left_ = request.input - hits;
  return true;
}

std::uint32_t Engine::leading_hits(const Request& request) const {
  std::uint32_t hits = 0;
  while (hits < request.blocks.size() && blocks_[request.blocks[hits]].cached) ++hits;
  return hits;
}

void Engine::finish(const Request& request) {
  --running_;
  held_ -= answer_blocks(request);
  // The end of a prompt goes before its beginning: fewer others share it.
  for (auto block = request.blocks.rbegin(); block != request.blocks.rend(); ++block) {
    if (--blocks_[*block].users > 0) continue;
    --held_;
    append(*block);
  }
}

void Engine::unlink(std::uint32_t block) {
  const Block& gone = blocks_[block];
  (gone.before == kNone ? oldest_ : blocks_[gone.before].after) = gone.after;
  (gone.after == kNone ? newest_ : blocks_[gone.after].before) = gone.before;
  --idle_;
}

void Engine::append(std::uint32_t block) {
  blocks_[block].before = newest_;
  blocks_[block].after = kNone;
  (newest_ == kNone ? oldest_ : blocks_[newest_].after) = block;
  newest_ = block;
  ++idle_;
}

}  // namespace slipway::bench

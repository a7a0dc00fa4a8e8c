// Requests as the simulation replays them: when, how long, and which blocks of 512 tokens their
// prompts are made of (the same id: the same tokens behind the same tokens). Read from a trace of
// Mooncake (FAST 2025), or made from a seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "crds/base/result.hpp"

namespace slipway::bench {

inline constexpr std::uint32_t kBlockTokens = 512;
inline constexpr double kBytesPerToken = 3.6;

struct Request {
  double at = 0;  // seconds
  std::uint32_t input = 0;
  std::uint32_t output = 0;            // tokens
  std::vector<std::uint32_t> blocks;   // the last one may be partial
  std::vector<std::uint64_t> chain{};  // the same prompt as the gateway hashes it
  std::uint32_t user = 0;              // the block that the first user message begins in
};

// A trace with block ids below `blocks`.
struct Trace {
  std::string name;
  std::vector<Request> requests;
  std::uint32_t blocks = 0;
};

Result<Trace> read_mooncake(const std::string& path);

// What made-up traffic is like.
struct Synthetic {
  std::string name;
  std::uint32_t requests = 6000;
  std::uint32_t system_prompts = 1;  // chosen by Zipf with exponent 1.2
  std::uint32_t system_blocks = 4;
  double mean_turns = 1;          // of a conversation, geometric
  double mean_new_tokens = 1000;  // that a turn adds, log-normal
  double mean_output = 250;
};
Trace make(const Synthetic& traffic, std::uint64_t seed);

// Requests [begin, end) of a trace, with times of their own.
Trace part(const Trace& trace, std::size_t begin, std::size_t end, const std::string& name);
// Spreads arrivals that have one time stamp over the trace's resolution (3 s), scales them so that
// `rate` arrive a second, and sorts them.
Trace paced(const Trace& trace, double rate, std::uint64_t seed);

}  // namespace slipway::bench

#include "bench/prefix/trace.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include "crds/base/json.hpp"
#include "gateway/picking/prefix_chain.hpp"
#include "gateway/picking/rendezvous.hpp"

namespace slipway::bench {

namespace {

// Hashes the prompt in the gateway's blocks as if the bytes of a trace's block were its id: a
// gateway's block counts as equal only where all trace blocks that it touches are.
void add_chain(Request& request) {
  const auto bytes = static_cast<std::size_t>(request.input * kBytesPerToken);
  request.chain.resize(gateway::block_count(bytes));
  std::uint64_t link = 0;
  for (std::size_t i = 0; i < request.chain.size(); ++i) {
    const auto token =
        static_cast<std::size_t>(static_cast<double>(gateway::block_end(i) - 1) / kBytesPerToken);
    const std::size_t block = std::min(token / kBlockTokens, request.blocks.size() - 1);
    link = gateway::mix(link ^ gateway::mix(request.blocks[block] + (i << 32)));
    request.chain[i] = link;
  }
}

std::uint32_t log_normal(std::mt19937_64& random, double mean) {
  constexpr double kSigma = 1;
  std::lognormal_distribution<double> drawn(std::log(mean) - kSigma * kSigma / 2, kSigma);
  return static_cast<std::uint32_t>(std::clamp(drawn(random), 16.0, 100'000.0));
}

struct Conversation {
  std::vector<std::uint32_t> blocks;
  std::uint32_t tokens = 0;
  std::uint32_t system_blocks = 0;
};

}  // namespace

Result<Trace> read_mooncake(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(Fault::NotFound, "cannot read " + path);
  Trace trace;
  trace.name = "conversation";
  for (std::string line; std::getline(file, line);) {
    const Json row = Json::parse(line, nullptr, false);
    if (row.is_discarded()) return fail(Fault::Malformed, "not JSON in " + path);
    Request request;
    request.at = row.at("timestamp").get<double>() / 1000;
    request.input = row.at("input_length");
    request.output = row.at("output_length");
    request.blocks = row.at("hash_ids").get<std::vector<std::uint32_t>>();
    request.user = request.blocks.size() > 1 ? request.blocks[1] : request.blocks[0];
    trace.blocks = std::max(trace.blocks, 1 + *std::ranges::max_element(request.blocks));
    add_chain(request);
    trace.requests.push_back(std::move(request));
  }
  return trace;
}

Trace make(const Synthetic& traffic, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<double> popularity;
  popularity.reserve(traffic.system_prompts);
  for (std::uint32_t i = 0; i < traffic.system_prompts; ++i)
    popularity.push_back(1 / std::pow(i + 1, 1.2));
  std::discrete_distribution<std::uint32_t> system(popularity.begin(), popularity.end());
  std::bernoulli_distribution another_turn(1 - 1 / traffic.mean_turns);
  Trace trace;
  trace.name = traffic.name;
  trace.blocks = traffic.system_prompts * traffic.system_blocks;
  std::vector<Conversation> open;
  for (std::uint32_t i = 0; i < traffic.requests; ++i) {
    Conversation now;
    if (!open.empty() && another_turn(random)) {
      const std::size_t chosen =
          std::uniform_int_distribution<std::size_t>(0, open.size() - 1)(random);
      now = std::move(open[chosen]);
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(chosen));
    } else {
      const std::uint32_t prompt = system(random);
      for (std::uint32_t b = 0; b < traffic.system_blocks; ++b)
        now.blocks.push_back(prompt * traffic.system_blocks + b);
      now.system_blocks = traffic.system_blocks;
      now.tokens = traffic.system_blocks * kBlockTokens;
    }
    Request request;
    request.at = i;
    now.tokens += log_normal(random, traffic.mean_new_tokens);
    // A block that was partial before has other tokens now.
    now.blocks.resize(std::min<std::size_t>(now.blocks.size(), now.tokens / kBlockTokens));
    while (now.blocks.size() * kBlockTokens < now.tokens) now.blocks.push_back(trace.blocks++);
    request.input = now.tokens;
    request.output = log_normal(random, traffic.mean_output);
    request.blocks = now.blocks;
    request.user = now.blocks[std::min<std::size_t>(now.system_blocks, now.blocks.size() - 1)];
    add_chain(request);
    trace.requests.push_back(std::move(request));
    if (now.tokens % kBlockTokens != 0) now.blocks.pop_back();
    if (now.tokens < 30'000 && traffic.mean_turns > 1) open.push_back(std::move(now));
  }
  return trace;
}

Trace part(const Trace& trace, std::size_t begin, std::size_t end, const std::string& name) {
  Trace some;
  some.name = name;
  some.blocks = trace.blocks;
  some.requests.assign(trace.requests.begin() + static_cast<std::ptrdiff_t>(begin),
                       trace.requests.begin() + static_cast<std::ptrdiff_t>(end));
  const double first = some.requests.front().at;
  for (Request& request : some.requests) request.at -= first;
  return some;
}

Trace paced(const Trace& trace, double rate, std::uint64_t seed) {
  constexpr double kResolution = 3;  // s
  Trace some = trace;
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> within(0, kResolution);
  for (Request& request : some.requests) request.at += within(random);
  std::ranges::sort(some.requests, {}, &Request::at);
  const double scale = static_cast<double>(some.requests.size()) / rate / some.requests.back().at;
  for (Request& request : some.requests) request.at *= scale;
  return some;
}

}  // namespace slipway::bench

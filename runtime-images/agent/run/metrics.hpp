// The agent's own measurements and their Prometheus page. One thread; no clock of its own.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "runtime-images/agent/http/sse.hpp"
#include "runtime-images/agent/run/lifecycle.hpp"

namespace slipway::agent {

// Counts of values at or below each bound, in seconds.
class Histogram {
 public:
  void observe(double seconds);
  void render(std::string& page, std::string_view name, std::string_view help) const;

 private:
  static constexpr std::array<double, 14> kBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                  1,     2.5,  5,     10,   30,  60,   300};
  std::array<std::uint64_t, kBounds.size() + 1> counts_{};
  double sum_ = 0;
};

struct Metrics {
  std::map<int, std::uint64_t> requests;  // by status; 499: the client went first
  int running = 0;
  Histogram duration, first_byte, first_token;
  std::uint64_t streams_cut = 0;
  std::int64_t tokens_in = 0, tokens_out = 0;
  double load_seconds = 0;  // start of the engine to Ready; 0: not yet

  void count_tokens(const http::TokenCounts& counts);
};

// `engine_page` is what the engine itself measures, passed on under its names.
std::string render(const Metrics& metrics, State state, std::string_view engine_page);

}  // namespace slipway::agent

// What one reactor counts, for Prometheus and for the judges of canaries. Plain numbers: each
// reactor has its own, and a page adds them up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "gateway/telemetry/request_record.hpp"

namespace slipway::gateway {

// Upper bounds in seconds; the last bucket is open.
inline constexpr std::array<double, 14> kLatencyBounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                          1,     2.5,  5,     10,   30,  60,   120};

struct Histogram {
  std::array<std::uint64_t, kLatencyBounds.size() + 1> counts{};
  double sum = 0;

  void add(double seconds);
  void add(const Histogram& other);
};

struct RevisionCounters {
  std::array<std::uint64_t, 6>
      by_class{};  // [2]: answers of 2xx; [0]: clients that went away first
  std::uint64_t truncated = 0, prompt_tokens = 0, answer_tokens = 0;
  Histogram first_byte, duration;

  void add(const RequestRecord& record);
  void add(const RevisionCounters& other);
};

struct GatewayCounters {
  std::map<std::pair<std::string, std::string>, RevisionCounters> revisions;  // model, revision
  std::array<std::uint64_t, 6> refused_by_class{};  // answered without an engine
  std::uint64_t accepted = 0, retries = 0;
  std::int64_t connections = 0, in_flight = 0;  // gauges

  void add(const GatewayCounters& other);
};

// In Prometheus' text format.
std::string to_prometheus(const GatewayCounters& counters, std::uint64_t dropped_log_lines);

}  // namespace slipway::gateway

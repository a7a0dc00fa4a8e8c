// Holds the tables of one trace against the targets, and names every cell that misses one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/prefix/world.hpp"

namespace slipway::bench {

struct Row {
  std::string name;
  std::vector<Measured> cells;  // by load
};

struct Table {
  std::uint32_t gateways = 1;
  std::vector<int> loads;
  std::vector<Row> rows;  // the baselines, then ours in its forms
};

// Targets: from 70 % of load on a higher hit rate and a lower p99 than each baseline; at less than
// 50 % no p50 or p99 more than 2 % over least request; with many gateways at least 0.95 of the hit
// rate that one has.
void print_verdicts(const std::vector<Table>& tables);

}  // namespace slipway::bench

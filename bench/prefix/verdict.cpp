#include "bench/prefix/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::bench {

namespace {

constexpr double kNothingShared = 0.001;  // a hit rate that says nothing

bool is_ours(const Row& row) {
  return row.name.starts_with("ours");
}

const Row* find(const Table& table, std::string_view name) {
  const auto found = std::ranges::find(table.rows, name, &Row::name);
  return found == table.rows.end() ? nullptr : &*found;
}

class Verdict {
 public:
  explicit Verdict(std::string where) : where_(std::move(where)) {}
  void expect(bool met, const std::string& otherwise) {
    ++all_;
    if (met) return;
    ++missed_;
    fmt::print("  missed, {}: {}\n", where_, otherwise);
  }
  ~Verdict() { fmt::print("  {}: {} of {} comparisons won\n", where_, all_ - missed_, all_); }
  Verdict(const Verdict&) = delete;
  Verdict& operator=(const Verdict&) = delete;

 private:
  const std::string where_;
  int all_ = 0, missed_ = 0;
};

void judge_busy(Verdict& verdict, const Table& table, const Row& row, std::size_t load) {
  const Measured& mine = row.cells[load];
  for (const Row& other : table.rows) {
    if (is_ours(other)) continue;
    const Measured& theirs = other.cells[load];
    if (mine.hit_rate + theirs.hit_rate > kNothingShared)
      verdict.expect(mine.hit_rate > theirs.hit_rate,
                     fmt::format("{} % load, hit rate {:.3f}, {} has {:.3f}", table.loads[load],
                                 mine.hit_rate, other.name, theirs.hit_rate));
    verdict.expect(mine.p99 < theirs.p99,
                   fmt::format("{} % load, p99 {:.2f} s, {} has {:.2f}", table.loads[load],
                               mine.p99, other.name, theirs.p99));
  }
}

void judge_idle(Verdict& verdict, const Table& table, const Row& row, std::size_t load) {
  const Row* least = find(table, "least request");
  if (!least) return;
  const Measured& mine = row.cells[load];
  const Measured& theirs = least->cells[load];
  const auto expect = [&](const char* what, double a, double b) {
    verdict.expect(a <= 1.02 * b, fmt::format("{} % load, {} {:.2f} s, least request has {:.2f}",
                                              table.loads[load], what, a, b));
  };
  expect("p50", mine.p50, theirs.p50);
  expect("p99", mine.p99, theirs.p99);
}

void judge_spread(Verdict& verdict, const Table& one, const Row& row, std::size_t load) {
  const Row* alone = find(one, "ours");
  if (!alone || alone->cells[load].hit_rate < kNothingShared) return;
  const double share = row.cells[load].hit_rate / alone->cells[load].hit_rate;
  verdict.expect(share >= 0.95, fmt::format("{} % load, {:.2f} of the hit rate of one gateway",
                                            one.loads[load], share));
}

}  // namespace

void print_verdicts(const std::vector<Table>& tables) {
  for (const Table& table : tables)
    for (const Row& row : table.rows) {
      if (!is_ours(row)) continue;
      Verdict verdict(fmt::format("{}, {} gateway(s)", row.name, table.gateways));
      for (std::size_t load = 0; load < table.loads.size(); ++load) {
        if (table.loads[load] >= 70) judge_busy(verdict, table, row, load);
        if (table.loads[load] < 50) judge_idle(verdict, table, row, load);
        if (table.gateways > 1 && tables[0].gateways == 1)
          judge_spread(verdict, tables[0], row, load);
      }
    }
}

}  // namespace slipway::bench

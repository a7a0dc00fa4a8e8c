// A budget of tokens for a day or a month of the calendar (UTC). The count is kept by the shell
// over restarts; only the wall clock can say which day it is, so a clock that goes back is not
// believed: a period that was begun stays begun, and a budget is never given twice.
#pragma once

#include <cstdint>

#include "crds/base/time.hpp"

namespace slipway::gateway {

enum class Period { Day, Month };

struct QuotaSpec {
  std::uint64_t tokens = 0;
  Period period = Period::Month;

  bool operator==(const QuotaSpec&) const = default;
};

// The beginning of the period that `wall` lies in, and of the one after it.
Time period_begin(Period period, Time wall);
Time period_end(Period period, Time wall);

class Quota {
 public:
  Quota() = default;
  // As it was kept.
  Quota(Time begin, std::uint64_t used) : begin_(begin), used_(used) {}

  // Whether any of the budget is left at `wall`.
  bool left(const QuotaSpec& spec, Time wall);
  void add(const QuotaSpec& spec, std::uint64_t tokens, Time wall);

  Time begin() const { return begin_; }
  std::uint64_t used() const { return used_; }

 private:
  void turn(Period period, Time wall);

  Time begin_{};
  std::uint64_t used_ = 0;
};

}  // namespace slipway::gateway

#include "gateway/limits/quota.hpp"

namespace slipway::gateway {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::months;
using std::chrono::year_month_day;

std::chrono::sys_days first_of_month(Time wall) {
  const year_month_day date(floor<days>(wall));
  return date.year() / date.month() / 1;
}

}  // namespace

Time period_begin(Period period, Time wall) {
  return period == Period::Day ? Time(floor<days>(wall)) : Time(first_of_month(wall));
}

Time period_end(Period period, Time wall) {
  if (period == Period::Day) return Time(floor<days>(wall) + days(1));
  const year_month_day first(first_of_month(wall));
  return Time(std::chrono::sys_days(first + months(1)));
}

void Quota::turn(Period period, Time wall) {
  const Time begin = period_begin(period, wall);
  if (begin <= begin_) return;
  begin_ = begin;
  used_ = 0;
}

bool Quota::left(const QuotaSpec& spec, Time wall) {
  turn(spec.period, wall);
  return used_ < spec.tokens;
}

void Quota::add(const QuotaSpec& spec, std::uint64_t tokens, Time wall) {
  turn(spec.period, wall);
  used_ += tokens;
}

}  // namespace slipway::gateway

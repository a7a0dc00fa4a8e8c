#include "reconcilers/common/conditions.hpp"

#include <algorithm>

namespace slipway {

void set_condition(std::vector<Condition>& conditions, Condition next, Time now) {
  // Found wherever it stands: a second one of its type would be refused for ever.
  auto at = std::ranges::find(conditions, next.type, &Condition::type);
  const bool known = at != conditions.end();
  if (!known) at = std::ranges::lower_bound(conditions, next.type, {}, &Condition::type);
  next.last_transition_time =
      known && at->status == next.status ? at->last_transition_time : to_rfc3339(now);
  if (known)
    *at = std::move(next);
  else
    conditions.insert(at, std::move(next));
}

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type) {
  const auto at = std::ranges::find(conditions, type, &Condition::type);
  return at == conditions.end() ? nullptr : &*at;
}

}  // namespace slipway

// Conditions as kstatus and `kubectl wait` understand them.
#pragma once

#include <string_view>
#include <vector>

#include "crds/base/time.hpp"
#include "crds/types/condition.hpp"

namespace slipway {

// Sets the condition `next.type`: its transition time is `now` only when the status changes, so
// that nothing moves at rest. Conditions stay sorted by type.
void set_condition(std::vector<Condition>& conditions, Condition next, Time now);

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type);

}  // namespace slipway

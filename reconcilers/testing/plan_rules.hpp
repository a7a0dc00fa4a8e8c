// Test only: what must hold for every plan, whatever it was made from. Each broken rule is a
// sentence with the object that breaks it.
#pragma once

#include <string>
#include <vector>

#include "reconcilers/plan.hpp"
#include "reconcilers/snapshots.hpp"

namespace slipway::testing {

// `within_schema`: what was observed is what an API server with our CRDs lets through; then what we
// write of our own kinds has to be let through too.
std::vector<std::string> broken_rules(const Plan& plan, const Key& key, const Snapshots& snapshots,
                                      bool within_schema);

// Prints the broken rules with the plan, and ends the process.
void expect_rules(const Plan& plan, const Key& key, const Snapshots& snapshots, bool within_schema);

}  // namespace slipway::testing

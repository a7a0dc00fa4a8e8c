// Runs one script on two servers and compares what they say, step by step.
#pragma once

#include <string>

#include "controller/sim/conformance/script.hpp"
#include "controller/sim/conformance/server_under_test.hpp"

namespace slipway::sim {

// Empty if both said the same; else the steps so far and the first difference.
std::string compare(const Script& script, ServerUnderTest& simulated, ServerUnderTest& real);

}  // namespace slipway::sim

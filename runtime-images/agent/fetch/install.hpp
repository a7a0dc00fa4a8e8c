// How the agent gets into pods whose image does not have it.
#pragma once

#include <string>

#include "runtime-images/agent/report.hpp"

namespace slipway::agent {

// Copies the running program to DIR/slipway-agent, mode 0755, whole or not at all.
Outcome<> install_self(const std::string& dir);

}  // namespace slipway::agent

// How an engine is started: the runtime's own command line and what the agent adds. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime-images/agent/report.hpp"

namespace slipway::agent {

struct EngineSettings {
  std::string engine = "llama.cpp";
  std::vector<std::string> command;  // binary and arguments of the runtime and its user
  std::string model_path;
  std::string model_name;
  std::string socket_path;
  std::int64_t context_length = 0;  // of one request; 0: the model's own
  std::int64_t parallel = 0;        // requests at once; 0: the engine's choice
};

// The agent's arguments come last, and the last one of a name wins.
Outcome<std::vector<std::string>> engine_command(const EngineSettings& settings);

}  // namespace slipway::agent

// The verb `run`: the engine's front for its whole life. Puts state machine, engine, port and
// signals together; everything runs on the thread that calls `run`.
#pragma once

#include <string>
#include <vector>

#include "runtime-images/agent/run/engine_command.hpp"
#include "runtime-images/agent/run/lifecycle.hpp"

namespace slipway::agent {

enum class Accelerator { None, Cuda };

struct RunOptions {
  std::string model_dir = "/models";
  std::string model_name;
  std::vector<std::string> aliases;
  int port = 8080;
  EngineSettings engine;
  Accelerator accelerator = Accelerator::None;
  DrainTimes drain;
  std::string run_dir = "/run/slipway";  // of the engine's socket
  std::string termination_log;
};

// Returns the exit status of the process.
int run_pod(const RunOptions& options);

}  // namespace slipway::agent

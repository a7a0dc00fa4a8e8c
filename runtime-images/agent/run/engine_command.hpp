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
  std::int64_t model_context = 0;   // what the model was made for; 0: unknown
  std::int64_t parallel = 0;        // requests at once; 0: as many as fit
};

// How many requests run at once, and the tokens of memory for all of them; 0: the engine's default.
struct Slots {
  std::int64_t count = 0, tokens = 0;
  bool operator==(const Slots&) const = default;
};

// llama-server divides its context among its slots, and left alone it lets four slots share the
// context of one: then an answer breaks off in the middle as soon as neighbours are long. Here
// every slot gets the whole context, and long contexts get fewer slots.
Slots plan_slots(const EngineSettings& settings);

// The agent's arguments come last, and the last one of a name wins; but slots that
// the command sets itself are left alone.
Outcome<std::vector<std::string>> engine_command(const EngineSettings& settings);

}  // namespace slipway::agent

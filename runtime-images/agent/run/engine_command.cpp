#include "runtime-images/agent/run/engine_command.hpp"

#include <fmt/format.h>

namespace slipway::agent {

Outcome<std::vector<std::string>> engine_command(const EngineSettings& settings) {
  if (settings.engine != "llama.cpp")
    return refuse("EngineNotReady", fmt::format("engine {} is not served by this version; "
                                                "llama.cpp is", settings.engine));
  if (settings.command.empty() || !settings.command.front().starts_with('/'))
    return refuse("EngineNotReady", "the engine's command must begin with an absolute path");
  std::vector<std::string> out = settings.command;
  const auto add = [&out](std::initializer_list<std::string> words) {
    out.insert(out.end(), words);
  };
  add({"--model", settings.model_path, "--alias", settings.model_name});
  add({"--host", settings.socket_path});
  if (settings.parallel > 0) add({"--parallel", std::to_string(settings.parallel)});
  // llama-server divides its context among the slots.
  if (settings.context_length > 0)
    add({"--ctx-size", std::to_string(settings.context_length *
                                      std::max<std::int64_t>(settings.parallel, 1))});
  // Pings would delay its end by up to 30 s; the agent is the only one that talks to it.
  add({"--sse-ping-interval", "-1", "--no-ui", "--offline", "--metrics", "--slots"});
  return out;
}

}  // namespace slipway::agent

#include "runtime-images/agent/run/engine_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace slipway::agent {
namespace {

constexpr std::int64_t kUsualSlots = 4;
// Of all slots together, where nobody has said how many slots there should be.
constexpr std::int64_t kUsualTokens = 32'768;

bool sets_slots(const std::vector<std::string>& command) {
  static constexpr auto kFlags = std::to_array<std::string_view>(
      {"-c", "--ctx-size", "-np", "--parallel", "-kvu", "--kv-unified"});
  return std::ranges::any_of(command, [](const std::string& word) {
    return std::ranges::find(kFlags, word) != kFlags.end();
  });
}

}  // namespace

Slots plan_slots(const EngineSettings& settings) {
  const bool asked = settings.context_length > 0;
  const std::int64_t length = asked ? settings.context_length : settings.model_context;
  if (settings.parallel > 0) return {settings.parallel, length * settings.parallel};
  const bool fits = length > 0 && length * kUsualSlots <= kUsualTokens;
  if (fits) return {kUsualSlots, length * kUsualSlots};
  if (!asked) return {};
  const std::int64_t count = std::clamp<std::int64_t>(kUsualTokens / length, 1, kUsualSlots);
  return {count, length * count};
}

Outcome<std::vector<std::string>> engine_command(const EngineSettings& settings) {
  if (settings.engine != "llama.cpp")
    return refuse("EngineNotReady", fmt::format("engine {} is not served by this version; "
                                                "llama.cpp is",
                                                settings.engine));
  if (settings.command.empty() || !settings.command.front().starts_with('/'))
    return refuse("EngineNotReady", "the engine's command must begin with an absolute path");
  std::vector<std::string> out = settings.command;
  const auto add = [&out](std::initializer_list<std::string> words) {
    out.insert(out.end(), words);
  };
  add({"--model", settings.model_path, "--alias", settings.model_name});
  add({"--host", settings.socket_path});
  const Slots slots = sets_slots(settings.command) ? Slots{} : plan_slots(settings);
  if (slots.count > 0) add({"--parallel", std::to_string(slots.count)});
  if (slots.tokens > 0) add({"--ctx-size", std::to_string(slots.tokens)});
  // Pings would delay its end by up to 30 s; the agent is the only one that talks to it.
  add({"--sse-ping-interval", "-1", "--no-ui", "--offline", "--metrics", "--slots"});
  return out;
}

}  // namespace slipway::agent

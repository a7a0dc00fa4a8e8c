#include "runtime-images/agent/run/exit_report.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <fstream>

namespace slipway::agent {
namespace {

// "exit 1", or "SIGSEGV (Segmentation fault)".
std::string how(const EngineExit& exit) {
  if (exit.signal == 0) return fmt::format("exited {}", exit.code);
  const char* name = ::sigabbrev_np(exit.signal);
  return fmt::format("was ended by SIG{}", name != nullptr ? name : std::to_string(exit.signal));
}

}  // namespace

AgentReport exit_report(const EngineExit& exit, const std::string& last_line, bool out_of_memory) {
  AgentReport report;
  report.reason = out_of_memory ? "OutOfMemory" : "EngineExited";
  report.exit_code = exit.signal != 0 ? 128 + exit.signal : exit.code;
  report.last_line = last_line;
  report.message = fmt::format("engine {}", how(exit));
  if (out_of_memory)
    report.message += " (exit 137): the container's memory limit is too small";
  else if (exit.signal == SIGKILL)
    report.message += " (exit 137), which it was not sent by its agent: most likely out of memory";
  if (!last_line.empty()) report.message += ": " + last_line;
  return report;
}

AgentReport not_ready_report(const std::string& last_line, Duration after) {
  AgentReport report;
  report.reason = "EngineNotReady";
  report.message =
      fmt::format("stopped after {} s, before the model was ready{}{}", after.count() / 1000,
                  last_line.empty() ? "" : "; last line: ", last_line);
  report.last_line = last_line;
  return report;
}

std::int64_t count_oom_kills() {
  // The files of cgroup v2 and v1 as a container sees its own group.
  for (const char* path :
       {"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"}) {
    std::ifstream in(path);
    std::string key;
    std::int64_t value = 0;
    while (in >> key >> value)
      if (key == "oom_kill") return value;
  }
  return -1;
}

bool was_out_of_memory(std::int64_t before) {
  const std::int64_t now = count_oom_kills();
  return before >= 0 && now > before;
}

}  // namespace slipway::agent

// An engine's end in words, for the termination log.
#pragma once

#include <cstdint>
#include <string>

#include "crds/base/time.hpp"
#include "runtime-images/agent/report.hpp"
#include "runtime-images/agent/run/engine_process.hpp"

namespace slipway::agent {

// Pure. `out_of_memory`: the kernel killed a process of this container for its memory limit.
AgentReport exit_report(const EngineExit& exit, const std::string& last_line, bool out_of_memory);

// Pure. Stopped from outside before it was ready: a startup probe's verdict, or a deleted pod.
AgentReport not_ready_report(const std::string& last_line, Duration after);

// How often the kernel has killed in this container's memory group; -1: not to be found out.
std::int64_t count_oom_kills();
// Whether that happened again since `before`.
bool was_out_of_memory(std::int64_t before);

}  // namespace slipway::agent

// Points in time as every pure function gets them: wall-clock UTC in milliseconds, always handed
// in. Reading a clock is left to `controller/runtime/clock.cpp` and the agent's shell.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace slipway {

using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Duration>;

// RFC 3339 in UTC with whole seconds, as Kubernetes' metav1.Time: "2026-11-23T14:02:00Z".
std::string to_rfc3339(Time time);
// The same with microseconds, as Kubernetes' metav1.MicroTime: "2026-11-23T14:02:00.250000Z".
std::string to_rfc3339_micro(Time time);
// Accepts both forms and an offset; nullopt for anything else.
std::optional<Time> parse_rfc3339(std::string_view text);

}  // namespace slipway

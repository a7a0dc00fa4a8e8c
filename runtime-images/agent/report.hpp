// The agent's way to fail: an `AgentReport` is both the error value of every step and, in the end,
// what the kubelet finds in the termination log.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "crds/types/agent_report.hpp"

namespace slipway::agent {

template <class T = void>
using Outcome = tl::expected<T, AgentReport>;

inline tl::unexpected<AgentReport> refuse(std::string reason, std::string message) {
  AgentReport report;
  report.reason = std::move(reason);
  report.message = std::move(message);
  return tl::unexpected<AgentReport>(std::move(report));
}

// The report as one line of JSON of at most 4096 bytes, which is all that the kubelet keeps: the
// free texts are shortened until it fits.
std::string to_line(AgentReport report);

// Replaces the content of `path`. A missing file (not run by a kubelet) is no failure: the report
// was printed as well. False when it could not be written.
bool write_termination_log(const std::string& path, const AgentReport& report);

}  // namespace slipway::agent

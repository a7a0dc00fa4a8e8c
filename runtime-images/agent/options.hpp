// The command line of every verb.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "runtime-images/agent/fetch/fetch.hpp"
#include "runtime-images/agent/run/pod.hpp"

namespace slipway::agent {

struct FetchCommand {
  FetchOptions options;
  std::string termination_log;
};

struct RunCommand {
  RunOptions options;
};

struct ProbeCommand {
  int port = 8080;
};

struct VersionCommand {};

using Command = std::variant<FetchCommand, RunCommand, ProbeCommand, VersionCommand>;

// What to print and the exit status, when there is nothing to do: help, or a wrong use.
struct Usage {
  std::string text;
  int status = 2;
};

tl::expected<Command, Usage> parse_command(int argc, const char* const* argv);

}  // namespace slipway::agent

// slipway-agent: `fetch` brings a verified model into a pod, `run` is the engine's front for its
// whole life.
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "runtime-images/agent/options.hpp"
#include "runtime-images/agent/probe.hpp"

namespace slipway::agent {
namespace {

// A first process gets no signal that it has not asked for: without this, a pod that is deleted
// while it downloads would wait for its whole grace period.
void end_on_sigterm() {
  struct sigaction action{};
  action.sa_handler = [](int signal) { ::_exit(128 + signal); };
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int execute(const FetchCommand& command) {
  end_on_sigterm();
  const auto print = [](const std::string& line) { std::puts(line.c_str()), std::fflush(stdout); };
  const auto report = fetch(command.options, print);
  const AgentReport& result = report ? *report : report.error();
  write_termination_log(command.termination_log, result);
  print(to_line(result));
  return report ? 0 : 1;
}

int execute(const RunCommand& command) {
  return run_pod(command.options);
}

int execute(const ProbeCommand& command) {
  return probe(command.port) ? 0 : 1;
}

int execute(const VersionCommand&) {
  std::puts("slipway-agent " SLIPWAY_VERSION);
  return 0;
}

}  // namespace
}  // namespace slipway::agent

int main(int argc, char** argv) {
  const auto command = slipway::agent::parse_command(argc, argv);
  if (!command) {
    std::fputs(command.error().text.c_str(), command.error().status == 0 ? stdout : stderr);
    return command.error().status;
  }
  return std::visit([](const auto& verb) { return slipway::agent::execute(verb); }, *command);
}

#include "controller/flags.hpp"

#include <CLI/CLI.hpp>

namespace slipway {
namespace {

void declare(CLI::App& app, Flags& flags) {
  app.option_defaults()->always_capture_default();
  app.add_option("--kubeconfig", flags.kubeconfig,
                 "File that says where the API server is; absent: this pod's service account");
  app.add_option("--agent-image", flags.agent_image, "Image that holds /usr/bin/slipway-agent")
      ->required();
  app.add_option("--metrics-address", flags.metrics_address,
                 "Where /metrics, /healthz and /readyz are served");
  app.add_option("--transport", flags.transport, "HTTP library for the API server")
      ->check(CLI::IsMember({"beast", "cpprest"}));
  app.add_option("--workers", flags.workers, "Objects that are worked on at the same time")
      ->check(CLI::Range(1, 64));
  // For tests: not shown in the help.
  app.add_option("--audit-period", flags.audit_period,
                 "Seconds after which each kind is compared with a list, to find what its watch "
                 "has lost")
      ->check(CLI::Range(1, 86400))
      ->group("");
  app.add_option("--log-format", flags.log_format, "How a line of the log is written")
      ->check(CLI::IsMember({"json", "text"}));
  app.add_option("--namespace", flags.ns, "Namespace that the operator runs in");
  app.add_option("--leader-elect", flags.leader_elect,
                 "false: this is the only replica there will ever be, and it needs no Lease");
  app.add_option("--lease", flags.lease, "Name of the Lease that one of several replicas holds");
}

}  // namespace

std::optional<int> read_flags(int argc, char** argv, Flags& flags) {
  CLI::App app("Slipway's controller");
  declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return std::nullopt;
}

}  // namespace slipway

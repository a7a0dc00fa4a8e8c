// The controller's table of contents: reads the flags, puts the parts together, waits for a
// signal. Everything is owned here and taken down in the opposite order.
#include <pthread.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "controller/cache/guarded.hpp"
#include "controller/kube/beast_transport.hpp"
#include "controller/kube/client.hpp"
#include "controller/kube/cpprest_transport.hpp"
#include "controller/kube/credentials.hpp"
#include "controller/observe/http_server.hpp"
#include "controller/observe/log.hpp"
#include "controller/observe/metered_api.hpp"
#include "controller/observe/pages.hpp"
#include "controller/runtime/clock.hpp"
#include "controller/runtime/controller.hpp"
#include "controller/runtime/shell.hpp"

namespace slipway {
namespace {

struct Flags {
  std::string kubeconfig;
  std::string agent_image;
  std::string metrics_address = "0.0.0.0:8081";
  std::string transport = "beast";
  std::string log_format = "json";
  std::string ns = "slipway-system";
  int workers = 4;
};

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
  app.add_option("--log-format", flags.log_format, "How a line of the log is written")
      ->check(CLI::IsMember({"json", "text"}));
  app.add_option("--namespace", flags.ns, "Namespace that the operator runs in");
}

Result<std::unique_ptr<kube::Transport>> make_transport(const Flags& flags) {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  const auto credentials = flags.kubeconfig.empty()
                               ? kube::read_service_account(variable("KUBERNETES_SERVICE_HOST"),
                                                            variable("KUBERNETES_SERVICE_PORT"))
                               : kube::read_kubeconfig(flags.kubeconfig);
  if (!credentials) return tl::unexpected(credentials.error());
  return flags.transport == "cpprest" ? kube::make_cpprest_transport(*credentials)
                                      : kube::make_beast_transport(*credentials);
}

int run(const Flags& flags, const sigset_t& ending) {
  Log log(flags.log_format == "json" ? LogFormat::JsonLines : LogFormat::Text);
  const auto transport = make_transport(flags);
  if (!transport) return log.error(transport.error().what), EXIT_FAILURE;

  const SystemClock clock;
  ControllerMetrics metrics;
  kube::Client client(**transport);
  MeteredApi api(client, metrics.api_requests);
  Guarded<std::mt19937_64> generator{std::mt19937_64(std::random_device{}())};
  Controller controller({.agent_image = flags.agent_image}, api, [&] {
    return generator.with([](auto& g) { return std::uniform_real_distribution<>(0, 1)(g); });
  });

  const ControllerShell shell(controller, **transport, clock, flags.workers, told(metrics, log));
  const auto server = HttpServer::start(flags.metrics_address, [&](std::string_view path) {
    return page(path, controller, [&](Watched kind) { return shell.health(kind); }, metrics, clock);
  });
  if (!server) return log.error(server.error().what), EXIT_FAILURE;
  log.info("started in namespace " + flags.ns);

  int signal = 0;
  sigwait(&ending, &signal);
  log.info(std::string("stopping: ") + strsignal(signal));
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  CLI::App app("Slipway's controller");
  slipway::Flags flags;
  slipway::declare(app, flags);
  CLI11_PARSE(app, argc, argv);

  // Before any thread is started, so that only `sigwait` gets these.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return slipway::run(flags, ending);
}

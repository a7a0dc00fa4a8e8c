// The controller's table of contents: reads the flags, puts the parts together, waits for a
// signal. Everything is owned here and taken down in the opposite order.
#include <malloc.h>
#include <pthread.h>
#include <signal.h>

#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "controller/cache/guarded.hpp"
#include "controller/flags.hpp"
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
#include "controller/runtime/lease_holder.hpp"
#include "controller/runtime/shell.hpp"
#include "controller/runtime/wake_up.hpp"

namespace slipway {
namespace {

Result<std::unique_ptr<kube::Transport>> make_transport(
    const Flags& flags, const kube::TransportOptions& options = {}) {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  const auto credentials = flags.kubeconfig.empty()
                               ? kube::read_service_account(variable("KUBERNETES_SERVICE_HOST"),
                                                            variable("KUBERNETES_SERVICE_PORT"))
                               : kube::read_kubeconfig(flags.kubeconfig);
  if (!credentials) return tl::unexpected(credentials.error());
  return flags.transport == "cpprest" ? kube::make_cpprest_transport(*credentials, options)
                                      : kube::make_beast_transport(*credentials, options);
}

std::unique_ptr<Leadership> make_leadership(const Flags& flags, kube::ApiClient& client,
                                            kube::Transport& transport, const Clock& clock,
                                            WakeUp& wake, Log& log) {
  if (!flags.leader_elect) return std::make_unique<SoleLeader>();
  return std::make_unique<LeaseHolder>(
      LeaseOptions{flags.ns, flags.lease, new_identity(), {}}, client, transport, clock,
      [&](const LeaseNews& news) {
        log.leadership(news);
        wake.ring_all();
      },
      [&log](const Error& error) { log.error("lease: " + error.what); });
}

int run(const Flags& flags, const sigset_t& ending) {
  Log log(flags.log_format == "json" ? LogFormat::JsonLines : LogFormat::Text);
  ControllerMetrics metrics;
  kube::TransportOptions options;
  options.on_limit = [&](int limit) { metrics.in_flight_limit.set(limit); };
  const auto transport = make_transport(flags, options);
  if (!transport) return log.error(transport.error().what), EXIT_FAILURE;
  // Its own connections and its own limit: a renewal never waits behind other writes.
  const auto lease_transport = make_transport(flags);
  if (!lease_transport) return log.error(lease_transport.error().what), EXIT_FAILURE;

  const SystemClock clock;
  WakeUp wake;
  kube::Client lease_client(**lease_transport);
  const auto leadership = make_leadership(flags, lease_client, **lease_transport, clock, wake, log);
  kube::Client client(**transport,
                      {.may_write = [&] { return leadership->may_write(clock.now().monotonic); }});
  MeteredApi api(client, metrics.api_requests);
  Guarded<std::mt19937_64> generator{std::mt19937_64(std::random_device{}())};
  Controller controller({.agent_image = flags.agent_image}, api, *leadership, [&] {
    return generator.with([](auto& g) { return std::uniform_real_distribution<>(0, 1)(g); });
  });

  const ControllerShell shell(controller, **transport, clock, wake,
                              {flags.workers, std::chrono::seconds(flags.audit_period)},
                              told(metrics, log));
  const auto server = HttpServer::start(flags.metrics_address, [&](std::string_view path) {
    const auto health = [&](Watched kind) { return shell.health(kind); };
    return page(path, controller, *leadership, health, metrics, clock);
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
  slipway::Flags flags;
  if (const auto ended = slipway::read_flags(argc, argv, flags)) return *ended;

  // Each of our threads allocates in its turn; an arena for each would keep much for nothing.
  mallopt(M_ARENA_MAX, 2);
  // Before any thread is started, so that only `sigwait` gets these.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return slipway::run(flags, ending);
}

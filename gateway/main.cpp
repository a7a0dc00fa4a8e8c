// The gateway's table of contents: reads flags and configuration, opens the doors, starts a reactor
// for each core, and waits for signals. Everything is owned here and taken down in the opposite
// order.
#include <malloc.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdlib>
#include <iostream>
#include <thread>

#include "gateway/auth/new_key.hpp"
#include "gateway/config/config_file.hpp"
#include "gateway/proxy/listening.hpp"
#include "gateway/proxy/reactor.hpp"
#include "gateway/telemetry/counters.hpp"

namespace slipway::gateway {
namespace {

struct Flags {
  std::string config;
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  double drain_delay = 5;
  double grace = 60;
};

void say(const std::string& text) {
  std::cerr << "slipway-gateway: " << text << std::endl;
}

int fail_with(const Error& error) {
  say(error.what);
  return EXIT_FAILURE;
}

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// Serves what the file says now; keeps what is served if the file is wrong.
void reload(ConfigFile& file, std::vector<std::unique_ptr<Reactor>>& reactors) {
  const auto loaded = file.load();
  if (!loaded) return say("keeping the last configuration: " + loaded.error().what);
  for (const std::string& warning : loaded->warnings) say(warning);
  for (const auto& reactor : reactors) reactor->serve(loaded->snapshot);
  malloc_trim(0);  // what reading the text took
  say("serving a new configuration");
}

std::optional<std::string> page(std::string_view path,
                                const std::vector<std::unique_ptr<Reactor>>& reactors,
                                const LogWriter& log) {
  if (path == "/healthz" || path == "/readyz") return "ok\n";
  if (path != "/metrics") return std::nullopt;
  GatewayCounters all;
  for (const auto& reactor : reactors) all.add(reactor->published());
  return to_prometheus(all, log.dropped_lines());
}

void wait_for_the_end(const sigset_t& signals, ConfigFile& file, Doors& doors,
                      std::vector<std::unique_ptr<Reactor>>& reactors) {
  const timespec second{1, 0};
  while (true) {
    const int signal = ::sigtimedwait(&signals, nullptr, &second);
    if (signal == SIGTERM || signal == SIGINT) return;
    if (signal == SIGHUP || file.has_changed()) reload(file, reactors);
    for (const std::string& complaint : doors.renew())
      say("keeping the last certificate: " + complaint);
  }
}

int run(const Flags& flags, const sigset_t& signals) {
  ConfigFile file(flags.config);
  const auto loaded = file.load();
  if (!loaded) return fail_with(loaded.error());
  for (const std::string& warning : loaded->warnings) say(warning);
  auto doors = Doors::open(file.config());
  if (!doors) return fail_with(doors.error());

  LogWriter log(STDOUT_FILENO);
  LimitTable limits;
  std::vector<std::unique_ptr<Reactor>> reactors;
  const Shared shared{limits, log, file.pepper(),
                      [&](std::string_view path) { return page(path, reactors, log); }};
  for (unsigned i = 0; i < flags.threads; ++i) {
    auto reactor = Reactor::make(shared, loaded->snapshot);
    if (!reactor) return fail_with(reactor.error());
    if (!doors->lead_to(**reactor)) return fail_with({Fault::Unavailable, "cannot accept", {}});
    reactors.push_back(std::move(*reactor));
  }
  std::vector<std::jthread> threads;
  for (const auto& reactor : reactors) threads.emplace_back([own = reactor.get()] { own->run(); });
  malloc_trim(0);  // what reading the text took
  say("serving " + std::to_string(loaded->snapshot->models.size()) + " models");

  wait_for_the_end(signals, file, *doors, reactors);
  say("stopping");
  for (const auto& reactor : reactors)
    reactor->drain(milliseconds(flags.drain_delay), milliseconds(flags.grace));
  doors->close();
  threads.clear();
  reactors.clear();  // they log until their end
  return EXIT_SUCCESS;
}

// Prints a new key, once, and what a tenant keeps of it.
int print_new_key(const std::string& pepper_file) {
  const auto pepper = read_pepper(pepper_file);
  if (!pepper) return fail_with(pepper.error());
  KeyBytes random{};
  if (RAND_bytes(random.data(), int{random.size()}) != 1)
    return fail_with({Fault::Unavailable, "no random numbers", {}});
  const NewKey made = make_key(random, *pepper);
  std::cout << "the key, shown only now: " << made.text
            << "\nfor `keys` of its tenant:  - {id: " << made.record.id << ", mac: \""
            << made.record.mac << "\"}\n";
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace slipway::gateway

int main(int argc, char** argv) {
  slipway::gateway::Flags flags;
  CLI::App app("Serves every model of a cluster at one address.");
  app.add_option("--config", flags.config, "file with listeners, tenants and models (YAML)");
  app.add_option("--threads", flags.threads, "reactors; as many as cores if absent")
      ->check(CLI::Range(1, 256));
  app.add_option("--drain-delay", flags.drain_delay,
                 "seconds in which a stopping gateway still accepts connections");
  app.add_option("--grace", flags.grace, "seconds that requests may take to finish after that");
  std::string pepper_file;
  CLI::App& new_key = *app.add_subcommand("new-key", "prints a key, and what to keep of it");
  new_key.add_option("--pepper-file", pepper_file, "as in the configuration")->required();
  CLI11_PARSE(app, argc, argv);
  if (new_key.parsed()) return slipway::gateway::print_new_key(pepper_file);
  if (flags.config.empty()) {
    std::cerr << "--config is required; --help says more" << std::endl;
    return EXIT_FAILURE;
  }

  // Bodies of requests come and go: their memory is kept for the next ones, up to this much,
  // instead of being given back to the kernel and faulted in again.
  mallopt(M_MMAP_THRESHOLD, 16 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
  // Two for each request.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  // Before any thread is started, so that only `sigtimedwait` gets these.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int one : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, one);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return slipway::gateway::run(flags, signals);
}

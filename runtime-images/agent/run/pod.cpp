#include "runtime-images/agent/run/pod.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "crds/base/json.hpp"
#include "runtime-images/agent/clock.hpp"
#include "runtime-images/agent/model/manifest.hpp"
#include "runtime-images/agent/run/engine_process.hpp"
#include "runtime-images/agent/run/exit_report.hpp"
#include "runtime-images/agent/run/server.hpp"
#include "runtime-images/agent/run/warm_up.hpp"

namespace slipway::agent {
namespace {

constexpr Duration kEnginePatience{3000};  // from SIGTERM to SIGKILL
constexpr Duration kLastWords{1000};       // for answers to be ended after the engine did
constexpr int kTerminated = 128 + SIGTERM;

void print_line(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

// Every stream takes two descriptors.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

class Pod {
 public:
  explicit Pod(const RunOptions& options)
      : options_(options),
        front_(options.drain),
        server_(io_, front_),
        engine_(io_, [this](EngineExit exit) { engine_ended(exit); }),
        signals_(io_, SIGTERM, SIGINT, SIGCHLD),
        drain_timer_(io_),
        end_timer_(io_) {
    front_.names = {options.model_name};
    front_.names.insert(front_.names.end(), options.aliases.begin(), options.aliases.end());
    front_.socket_path = options.run_dir + "/engine.sock";
    front_.started = static_cast<long>(wall_now().time_since_epoch().count() / 1000);
    front_.next_id = std::random_device{}();
    front_.print = print_line;
    front_.on_idle = [this] { look(); };
  }

  int run() {
    started_ = steady_now();
    wait_for_signal();
    begin();
    io_.run();
    return exit_status_;
  }

 private:
  void begin() {
    if (auto listening = server_.listen(options_.port); !listening)
      return fail(std::move(listening.error()));
    state_changed();
    auto manifest = load_verified(options_.model_dir);
    if (!manifest) return fail(std::move(manifest.error()));
    front_.digest = manifest->digest;
    if (auto started = start_engine(manifest->context_length); !started)
      return fail(std::move(started.error()));
    front_.lifecycle.advance(State::Loading);
    state_changed();
    asio::co_spawn(io_, [this] { return prepare(); }, asio::detached);
  }

  Outcome<> start_engine(std::int64_t model_context) {
    EngineSettings settings = options_.engine;
    settings.model_context = model_context;
    settings.model_path = options_.model_dir + "/" + kModelFile;
    settings.model_name = options_.model_name;
    settings.socket_path = front_.socket_path;
    auto command = engine_command(settings);
    if (!command) return tl::unexpected(command.error());
    // An engine that was killed leaves its socket, and the next one refuses to start.
    ::unlink(front_.socket_path.c_str());
    // Threads that spin while they wait for each other take a shared node's cores from the very
    // thread they wait for: with the cores taken by others, an answer of 1 s then takes 40. Whoever
    // has cores of his own sets the variable otherwise.
    ::setenv("OMP_WAIT_POLICY", "passive", 0);
    return engine_.start(*command);
  }

  // From a started engine to Ready.
  Awaitable<> prepare() {
    const std::function<bool()> gone = [this] { return !engine_.running(); };
    co_await wait_until_healthy(front_.socket_path, gone);
    if (!engine_.running() || front_.lifecycle.state() != State::Loading) co_return;
    if (auto usable = check_accelerator(); !usable) co_return fail(std::move(usable.error()));
    front_.lifecycle.advance(State::Warming);
    state_changed();
    auto warm = co_await warm_up(front_.socket_path, options_.model_name);
    // A dead engine is reported by its end, which says more than a broken connection.
    if (!engine_.running() || front_.lifecycle.state() != State::Warming) co_return;
    if (!warm && warm.error().reason == "Unreachable") warm.error().reason = "EngineNotReady";
    if (!warm) co_return fail(std::move(warm.error()));
    front_.metrics.load_seconds = static_cast<double>((steady_now() - started_).count()) / 1000;
    front_.lifecycle.advance(State::Ready);
    state_changed();
  }

  Outcome<> check_accelerator() const {
    if (options_.accelerator == Accelerator::None) return {};
    for (const EngineLog* log : {&engine_.errors(), &engine_.output()})
      if (!log->cuda_failure().empty())
        return refuse("AcceleratorUnavailable",
                      "a GPU is expected and the engine does not use it: " + log->cuda_failure());
    if (engine_.errors().found_cuda_device() || engine_.output().found_cuda_device()) return {};
    return refuse("AcceleratorUnavailable",
                  "a GPU is expected and the engine names no CUDA device in its log");
  }

  void wait_for_signal() {
    signals_.async_wait([this](error_code error, int signal) {
      if (error) return;
      if (signal == SIGCHLD)
        engine_.reap();
      else
        terminate();
      wait_for_signal();
    });
  }

  void terminate() {
    if (front_.lifecycle.state() >= State::Draining) return;
    front_.lifecycle.terminate(steady_now());
    state_changed();
    if (front_.lifecycle.state() == State::Draining) return look();
    // Never Ready: this may be the startup probe's verdict, so the reason is left behind.
    exit_status_ = kTerminated;
    report(not_ready_report(engine_.errors().last_line(), steady_now() - started_));
    stop_engine();
  }

  // What draining asks for now; called whenever something it depends on has changed.
  void look() {
    const auto drain =
        front_.lifecycle.drain(steady_now(), static_cast<int>(front_.exchanges.size()));
    if (drain.cut_streams) return cut_streams();
    if (drain.stop_engine) return stop_engine();
    if (!drain.look_again) return;
    drain_timer_.expires_at(
        std::chrono::steady_clock::time_point(drain.look_again->time_since_epoch()));
    drain_timer_.async_wait([this](error_code error) {
      if (!error) look();
    });
  }

  // The engine's end waits until the answers that are cut have been ended, but not long.
  void cut_streams() {
    if (std::exchange(cut_, true)) return;
    server_.cut_exchanges();
    end_timer_.expires_after(kLastWords);
    end_timer_.async_wait([this](error_code error) {
      if (!error) stop_engine();
    });
  }

  void stop_engine() {
    if (!engine_.running()) return end();
    engine_.stop(kEnginePatience);
  }

  void engine_ended(EngineExit exit) {
    if (exit.asked) return end();
    fail(exit_report(exit, engine_.errors().last_line(), was_out_of_memory(oom_kills_)));
  }

  void fail(AgentReport why) {
    if (front_.lifecycle.state() >= State::Stopped) return;
    exit_status_ = why.exit_code && *why.exit_code > 0 ? static_cast<int>(*why.exit_code) : 1;
    front_.lifecycle.fail(why);
    report(why);
    state_changed();
    // Answers that ran on the engine are ended by the loss of their connections.
    end_timer_.expires_after(front_.exchanges.empty() ? Duration::zero() : kLastWords);
    end_timer_.async_wait([this](error_code error) {
      if (!error) stop_engine();
    });
  }

  void report(const AgentReport& why) {
    print_line(to_line(why));
    write_termination_log(options_.termination_log, why);
  }

  void end() {
    front_.lifecycle.stopped();
    state_changed();
    io_.stop();
  }

  void state_changed() {
    const State state = front_.lifecycle.state();
    if (printed_ == state) return;
    printed_ = state;
    print_line(Json{{"time", to_rfc3339_micro(wall_now())},
                    {"event", "state"},
                    {"state", to_string(state)},
                    {"port", server_.port()},
                    {"sinceStartMilliseconds", (steady_now() - started_).count()}}
                   .dump());
  }

  const RunOptions& options_;
  asio::io_context io_{1};
  Front front_;
  Server server_;
  EngineProcess engine_;
  asio::signal_set signals_;
  asio::steady_timer drain_timer_, end_timer_;
  Time started_{};
  std::int64_t oom_kills_ = count_oom_kills();
  bool cut_ = false;
  std::optional<State> printed_;
  int exit_status_ = 0;
};

}  // namespace

int run_pod(const RunOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  return Pod(options).run();
}

}  // namespace slipway::agent

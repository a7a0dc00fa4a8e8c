// One thread that serves clients: its loop, the connections that it accepted, the routes that it
// serves from, its counters and its share of the request log.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gateway/auth/api_key.hpp"
#include "gateway/body/body_scanner.hpp"
#include "gateway/http/message.hpp"
#include "gateway/proxy/certificate.hpp"
#include "gateway/proxy/event_loop.hpp"
#include "gateway/proxy/routes.hpp"
#include "gateway/telemetry/log_writer.hpp"

namespace slipway::gateway {

class ClientConnection;

// What all reactors share. Must outlive them.
struct Shared {
  LimitTable& limits;
  LogWriter& log;
  std::string pepper;
  // A page of the admin address: its text, or nullopt if there is no such page. From any reactor.
  std::function<std::optional<std::string>(std::string_view path)> page;
  http::HeadLimits head_limits{};
  // Bytes of bodies that one reactor keeps at a time; who comes beyond that is asked to come back.
  std::size_t body_bytes = std::size_t{256} << 20;
};

enum class Door { Clients, Admin };

class Reactor {
 public:
  static constexpr std::size_t kScratch = std::size_t{64} * 1024;

  static Result<std::unique_ptr<Reactor>> make(const Shared& shared,
                                               std::shared_ptr<const Snapshot> snapshot);
  ~Reactor();

  // Before `run`: connections to `listening`, which stays the caller's, are accepted here. Several
  // reactors may share it. `certificate` is nullptr for no TLS and must outlive this.
  bool accept_from(int listening, const Certificate* certificate, Door door = Door::Clients);
  void run();

  // From any thread.
  void serve(std::shared_ptr<const Snapshot> snapshot);
  // Readiness ends and connections are closed when their request has ended, but new ones are still
  // accepted: those who balance the load learn of it a little later. After `delay` nothing is
  // accepted any more, and when the last request has ended, or `grace` after that, `run` returns.
  void drain(std::chrono::milliseconds delay, std::chrono::milliseconds grace);
  // As they were at most half a second ago.
  GatewayCounters published() const;

  // For the connections, on the reactor's own thread.
  EventLoop& loop() { return *loop_; }
  const Shared& shared() const { return shared_; }
  std::shared_ptr<const Routes> routes() const { return routes_; }
  KeyVerifier& keys() { return keys_; }
  GatewayCounters& counters() { return counters_; }
  bool draining() const { return draining_; }
  std::uint64_t random() { return random_(); }
  body::BodyScanner& scanner() { return scanner_; }
  // What connections keep of bodies changes by `more` bytes. False: that is too much.
  bool keep_bytes(std::ptrdiff_t more) {
    kept_bytes_ += more;
    return kept_bytes_ <= static_cast<std::ptrdiff_t>(shared_.body_bytes);
  }
  // Bytes that are used up before the loop is returned to.
  char* scratch() { return scratch_.get(); }
  void log(const RequestRecord& record);
  void remove(ClientConnection& connection);

 private:
  class Acceptor;

  Reactor(const Shared& shared, std::unique_ptr<EventLoop> loop);
  void take(int fd, const Certificate* certificate, Door door);
  void stop_accepting();
  void tick();
  void flush_log();

  const Shared& shared_;
  std::unique_ptr<EventLoop> loop_;
  KeyVerifier keys_;
  GatewayCounters counters_;
  std::mt19937_64 random_{std::random_device{}()};
  std::unique_ptr<char[]> scratch_{new char[kScratch]};
  body::BodyScanner scanner_;
  std::ptrdiff_t kept_bytes_ = 0;
  std::string log_lines_;
  std::shared_ptr<const Routes> routes_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<std::unique_ptr<ClientConnection>> connections_;
  bool draining_ = false;
  Instant accept_until_ = Instant::max(), serve_until_ = Instant::max();
  Instant window_ends_{}, publish_at_{};

  mutable std::mutex mutex_;
  GatewayCounters published_;  // guarded by mutex_
};

}  // namespace slipway::gateway

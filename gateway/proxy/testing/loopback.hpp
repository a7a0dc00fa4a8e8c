// Test only: both ends of a gateway on the loopback interface. `Client` and `EngineConnection` are
// blocking sockets with a limit on every wait, so a test that would hang fails instead.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace slipway::gateway::testing {

class Stream {
 public:
  explicit Stream(int fd);
  ~Stream();
  Stream(Stream&& other) noexcept;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // False: the peer does not take it.
  bool send(std::string_view bytes) const;
  // Until `end` has come, or the stream has ended, or nothing came for five seconds.
  std::string read_until(std::string_view end);
  std::string read_to_the_end();
  // A head and its body by Content-Length; chunks are left as they are, up to the last one.
  std::string read_message();
  // Whether reading ended with a reset of the connection.
  bool was_reset() const { return reset_; }
  // Whether the peer has closed, without reading what it sent: waits for that.
  bool is_closed_by_peer() const;
  // Sends until the peer takes no more for 200 ms; how much it took.
  std::size_t send_until_full(std::size_t most) const;
  void close();
  // Closes with a reset instead of an end.
  void abort();

 private:
  int fd_;
  std::string ahead_;  // read, and not asked for yet
  bool reset_ = false;
  bool fill();
};

Stream connect_to(unsigned short port);

// An engine that answers by a script, a thread for each connection.
class Engine {
 public:
  using Script = std::function<void(Stream&)>;
  explicit Engine(Script script);
  ~Engine();

  std::string address() const;
  int connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
  std::jthread acceptor_;
};

// Answers every request of a connection with these bytes.
Engine::Script always(std::string answer);

// A port of the loopback interface at which nobody listens.
std::string dead_address();

// Opens a listening socket at a free port of the loopback interface.
struct Listening {
  Listening();
  ~Listening();
  int fd;
  unsigned short port;
};

}  // namespace slipway::gateway::testing

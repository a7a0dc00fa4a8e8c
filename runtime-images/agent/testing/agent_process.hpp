// The real `slipway-agent run` as a child process, with the fake engine behind it; and plain
// connections to both. Every wait is for an event: a line, a byte, an end. Used by one thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace slipway::agent::testing {

// A connection that is read until something is there.
class Connection {
 public:
  static Connection tcp(int port);
  static Connection local(const std::string& path);
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;

  Connection& send(std::string_view bytes);
  // Everything so far, once `text` is in it or the peer has closed.
  const std::string& read_until(std::string_view text);
  const std::string& read_all();
  void close();

 private:
  explicit Connection(int socket) : socket_(socket) {}
  int socket_;
  std::string received_;
};

struct Ended {
  int code = -1;  // of the exit
  int signal = 0;
};

class AgentProcess {
 public:
  // `agent` come before, `engine` after the "--".
  explicit AgentProcess(const std::vector<std::string>& agent = {},
                        const std::vector<std::string>& engine = {});
  ~AgentProcess();
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;

  // Reads the agent's output until a line has `text`; "" when it ended without.
  std::string wait_for_line(std::string_view text);
  // Takes the port from such a line; false when it names none.
  bool learn_port(const std::string& line);
  // The same for Ready; afterwards `connect` works.
  bool wait_until_ready();
  Connection connect() const { return Connection::tcp(port_); }
  // One request to the agent, the whole answer.
  std::string ask(const std::string& request) const;
  // One request to the engine, past the agent.
  std::string ask_engine(const std::string& request) const;
  void signal(int number) const;
  Ended wait();
  // What is in the termination log.
  std::string report() const;

 private:
  std::string dir_;
  pid_t pid_ = -1;
  int output_ = -1;
  int port_ = 0;
  std::string unread_;
};

// A chat request; `more` are further members of its JSON.
std::string chat(std::string_view more = "");

}  // namespace slipway::agent::testing

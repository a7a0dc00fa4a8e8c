#include "runtime-images/agent/testing/agent_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "crds/base/check.hpp"
#include "runtime-images/agent/model/manifest.hpp"

namespace slipway::agent::testing {

Connection Connection::tcp(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<std::uint16_t>(port));
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  SLIPWAY_CHECK(::connect(socket, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0,
                "the agent listens as long as it runs");
  return Connection(socket);
}

Connection Connection::local(const std::string& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  path.copy(where.sun_path, sizeof where.sun_path - 1);
  SLIPWAY_CHECK(::connect(socket, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0,
                "the engine listens as long as it runs");
  return Connection(socket);
}

Connection::Connection(Connection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}

Connection::~Connection() {
  close();
}

void Connection::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

Connection& Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return *this;
}

const std::string& Connection::read_until(std::string_view text) {
  std::array<char, 65536> buffer;
  while (received_.find(text) == std::string::npos) {
    const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    received_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return received_;
}

const std::string& Connection::read_all() {
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got <= 0) return received_;
    received_.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

AgentProcess::AgentProcess(const std::vector<std::string>& agent,
                           const std::vector<std::string>& engine) {
  char name[] = "/tmp/slipway-pod-XXXXXX";
  dir_ = ::mkdtemp(name);
  std::ofstream(dir_ + "/model.gguf") << "0123456789";
  SLIPWAY_CHECK(store(dir_, {"file:///model", "sha256:" + std::string(64, 'a'), 10, "gguf", "llama",
                             1, 512, "2026-11-23T14:02:00Z"}),
                "a fresh folder can be written");
  std::vector<std::string> words{SLIPWAY_AGENT,
                                 "run",
                                 "--model-dir=" + dir_,
                                 "--run-dir=" + dir_,
                                 "--model-name=demo/chat",
                                 "--alias=chat",
                                 "--port=0",
                                 "--termination-log=" + dir_ + "/report",
                                 "--drain-delay=0s"};
  words.insert(words.end(), agent.begin(), agent.end());
  words.insert(words.end(), {"--", SLIPWAY_FAKE_ENGINE});
  words.insert(words.end(), engine.begin(), engine.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  std::array<int, 2> pipe{};
  SLIPWAY_CHECK(::pipe2(pipe.data(), O_CLOEXEC) == 0, "descriptors are left");
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(pipe[1], STDOUT_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(pipe[1]);
  output_ = pipe[0];
}

AgentProcess::~AgentProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(output_);
  std::filesystem::remove_all(dir_);
}

std::string AgentProcess::wait_for_line(std::string_view text) {
  std::array<char, 4096> buffer;
  for (;;) {
    for (auto end = unread_.find('\n'); end != std::string::npos; end = unread_.find('\n')) {
      const std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      if (line.find(text) != std::string::npos) return line;
    }
    const ssize_t got = ::read(output_, buffer.data(), buffer.size());
    if (got <= 0) return {};
    unread_.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

bool AgentProcess::wait_until_ready() {
  return learn_port(wait_for_line(R"("state":"Ready")"));
}

bool AgentProcess::learn_port(const std::string& line) {
  const auto at = line.find(R"("port":)");
  if (at == std::string::npos) return false;
  port_ = std::atoi(line.c_str() + at + 7);
  return true;
}

std::string AgentProcess::ask(const std::string& request) const {
  return connect().send(request).read_all();
}

std::string AgentProcess::ask_engine(const std::string& request) const {
  return Connection::local(dir_ + "/engine.sock").send(request + "\r\n\r\n").read_all();
}

void AgentProcess::signal(int number) const {
  ::kill(pid_, number);
}

Ended AgentProcess::wait() {
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  if (WIFSIGNALED(status)) return {-1, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

std::string AgentProcess::report() const {
  std::ifstream in(dir_ + "/report");
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string chat(std::string_view more) {
  const std::string body = fmt::format(R"({{"messages":[]{}}})", more);
  return fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
      "Content-Length: {}\r\n\r\n{}",
      body.size(), body);
}

}  // namespace slipway::agent::testing

#include "gateway/proxy/testing/loopback.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <mutex>
#include <utility>

#include "crds/base/check.hpp"

namespace slipway::gateway::testing {
namespace {

constexpr int kPatienceMs = 5000;

bool wait_for(int fd, short what, int ms = kPatienceMs) {
  pollfd one{fd, what, 0};
  return ::poll(&one, 1, ms) > 0;
}

sockaddr_in loopback(unsigned short port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

std::size_t length_in(std::string_view head) {
  for (std::string_view name : {"Content-Length: ", "content-length: "}) {
    const std::size_t at = head.find(name);
    if (at == std::string_view::npos) continue;
    std::size_t value = 0;
    std::from_chars(head.data() + at + name.size(), head.data() + head.size(), value);
    return value;
  }
  return 0;
}

}  // namespace

Stream::Stream(int fd) : fd_(fd) {}
Stream::~Stream() {
  close();
}
Stream::Stream(Stream&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), ahead_(std::move(other.ahead_)) {}

void Stream::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void Stream::abort() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

bool Stream::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    if (!wait_for(fd_, POLLOUT)) return false;
    const ssize_t put = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

std::size_t Stream::send_until_full(std::size_t most) const {
  const std::string piece(64 * 1024, 'x');
  std::size_t sent = 0;
  while (sent < most && wait_for(fd_, POLLOUT, 200)) {
    const ssize_t put = ::send(fd_, piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put <= 0) break;
    sent += static_cast<std::size_t>(put);
  }
  return sent;
}

bool Stream::fill() {
  std::array<char, 65536> part;
  if (!wait_for(fd_, POLLIN)) return false;
  const ssize_t got = ::recv(fd_, part.data(), part.size(), 0);
  reset_ |= got < 0 && errno == ECONNRESET;
  if (got <= 0) return false;
  ahead_.append(part.data(), static_cast<std::size_t>(got));
  return true;
}

std::string Stream::read_until(std::string_view end) {
  std::size_t at = 0;
  while ((at = ahead_.find(end)) == std::string::npos)
    if (!fill()) return std::exchange(ahead_, "");
  const std::string out = ahead_.substr(0, at + end.size());
  ahead_.erase(0, out.size());
  return out;
}

std::string Stream::read_to_the_end() {
  while (fill()) {
  }
  return std::exchange(ahead_, "");
}

std::string Stream::read_message() {
  std::string out = read_until("\r\n\r\n");
  if (out.find("hunked") != std::string::npos) return out + read_until("0\r\n\r\n");
  const std::size_t body = length_in(out);
  while (ahead_.size() < body)
    if (!fill()) break;
  out += ahead_.substr(0, body);
  ahead_.erase(0, body);
  return out;
}

bool Stream::is_closed_by_peer() const {
  pollfd one{fd_, POLLRDHUP, 0};
  return ::poll(&one, 1, kPatienceMs) > 0;
}

Listening::Listening() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)), port(0) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool open = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                    ::listen(fd, 128) == 0 &&
                    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  SLIPWAY_CHECK(open, "the loopback interface has a free port");
  port = ntohs(address.sin_port);
}

Listening::~Listening() {
  ::close(fd);
}

Stream connect_to(unsigned short port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return Stream(-1);
  }
  return Stream(fd);
}

struct Engine::State {
  Listening listening;
  Script script;
  std::atomic<int> connections{0};
  std::mutex mutex;
  std::vector<std::jthread> threads;  // guarded by mutex
};

Engine::Engine(Script script) : state_(std::make_shared<State>()) {
  state_->script = std::move(script);
  acceptor_ = std::jthread([state = state_](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!wait_for(state->listening.fd, POLLIN, 20)) continue;
      const int fd = ::accept(state->listening.fd, nullptr, nullptr);
      if (fd < 0) continue;
      ++state->connections;
      const std::lock_guard lock(state->mutex);
      state->threads.emplace_back([state, fd] {
        Stream stream(fd);
        state->script(stream);
      });
    }
  });
}

Engine::~Engine() {
  acceptor_.request_stop();
  acceptor_.join();
  // Not under the lock: the threads may take their time.
  std::vector<std::jthread> threads;
  {
    const std::lock_guard lock(state_->mutex);
    threads.swap(state_->threads);
  }
}

std::string Engine::address() const {
  return "127.0.0.1:" + std::to_string(state_->listening.port);
}

int Engine::connections() const {
  return state_->connections;
}

Engine::Script always(std::string answer) {
  return [answer = std::move(answer)](Stream& stream) {
    while (!stream.read_message().empty())
      if (!stream.send(answer)) return;
  };
}

std::string dead_address() {
  const Listening gone;
  return "127.0.0.1:" + std::to_string(gone.port);
}

}  // namespace slipway::gateway::testing

#include "runtime-images/agent/probe.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace slipway::agent {
namespace {

constexpr std::string_view kQuestion =
    "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
constexpr std::string_view kYes = "HTTP/1.1 200 ";

bool ask_ready(int socket, int port) {
  const timeval limit{2, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<std::uint16_t>(port));
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) return false;
  if (::send(socket, kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(kQuestion.size()))
    return false;
  std::array<char, 512> buffer{};
  const ssize_t got = ::recv(socket, buffer.data(), kYes.size(), MSG_WAITALL);
  return got == static_cast<ssize_t>(kYes.size()) &&
         std::string_view(buffer.data(), kYes.size()) == kYes;
}

}  // namespace

bool probe(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const bool ready = ask_ready(socket, port);
  ::close(socket);
  return ready;
}

}  // namespace slipway::agent

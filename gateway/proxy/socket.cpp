#include "gateway/proxy/socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace slipway::gateway {
namespace {

constexpr std::size_t kTlsRecord = 16384;  // RFC 8446 section 5.1

Moved of_errno() {
  return {0, errno == EAGAIN || errno == EWOULDBLOCK ? Io::Again : Io::Failed};
}

// The bytes behind `skip`, as many as fit a record; copied only where they lie in several pieces.
std::string_view gather(std::span<const std::string_view> pieces, std::size_t skip,
                        std::span<char, kTlsRecord> record) {
  std::size_t size = 0;
  for (std::string_view piece : pieces) {
    const std::size_t gone = std::min(skip, piece.size());
    piece.remove_prefix(gone);
    skip -= gone;
    if (size == 0 && piece.size() >= record.size()) return piece.substr(0, record.size());
    const std::size_t more = std::min(record.size() - size, piece.size());
    if (more > 0) std::memcpy(record.data() + size, piece.data(), more);
    size += more;
  }
  return {record.data(), size};
}

}  // namespace

std::unique_ptr<Socket> Socket::make(EventLoop& loop, int fd, SSL_CTX* tls) {
  SSL* session = nullptr;
  if (tls != nullptr) {
    session = SSL_new(tls);
    if (session == nullptr || SSL_set_fd(session, fd) != 1) {
      SSL_free(session);
      ::close(fd);
      return nullptr;
    }
    SSL_set_accept_state(session);
  }
  // A piece of an answer leaves at once, however small it is.
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::unique_ptr<Socket> socket(new Socket(fd, session));
  return loop.watch(fd, *socket) ? std::move(socket) : nullptr;
}

std::unique_ptr<Socket> Socket::connect(EventLoop& loop, const sockaddr* address, unsigned size) {
  const int fd = ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return nullptr;
  if (::connect(fd, address, size) != 0 && errno != EINPROGRESS) {
    ::close(fd);
    return nullptr;
  }
  std::unique_ptr<Socket> socket = make(loop, fd, nullptr);
  if (socket) socket->may_write_ = false;
  return socket;
}

Socket::~Socket() {
  ::close(fd_);
}

void Socket::on_ready(Ready ready) {
  may_read_ |= ready.readable;
  may_write_ |= ready.writable;
  hung_up_ |= ready.hung_up;
  if (owner_ != nullptr) owner_->on_socket(*this, ready);
}

Moved Socket::of_tls(int result) {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      may_read_ = false;
      return {0, Io::Again};
    case SSL_ERROR_WANT_WRITE:
      may_write_ = false;
      return {0, Io::Again};
    case SSL_ERROR_ZERO_RETURN:
      return {0, Io::Closed};
    default:
      ERR_clear_error();
      return {0, Io::Failed};
  }
}

Moved Socket::read(char* to, std::size_t most) {
  if (tls_) {
    std::size_t got = 0;
    const int result = SSL_read_ex(tls_.get(), to, most, &got);
    return result == 1 ? Moved{got, Io::Done} : of_tls(result);
  }
  const ssize_t got = ::recv(fd_, to, most, 0);
  if (got > 0) {
    // What is left, or comes later, is told by an edge of its own only if this emptied the socket.
    may_read_ = static_cast<std::size_t>(got) == most || hung_up_;
    return {static_cast<std::size_t>(got), Io::Done};
  }
  if (got == 0) return {0, Io::Closed};
  const Moved moved = of_errno();
  may_read_ = false;
  return moved;
}

// Small pieces share a record. OpenSSL takes one record at a time, and after WANT_WRITE wants the
// same bytes again, which the caller's repetition gives it.
Moved Socket::write_tls(std::span<const std::string_view> pieces) {
  std::array<char, kTlsRecord> record;
  std::size_t size = 0, done = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  while (done < size) {
    const std::string_view part = gather(pieces, done, record);
    std::size_t put = 0;
    const int result = SSL_write_ex(tls_.get(), part.data(), part.size(), &put);
    if (result != 1) {
      const Moved moved = of_tls(result);
      return done > 0 && moved.io == Io::Again ? Moved{done, Io::Done} : moved;
    }
    done += put;
  }
  return {done, Io::Done};
}

Moved Socket::write(std::span<const std::string_view> pieces) {
  if (tls_) return write_tls(pieces);
  std::array<iovec, kMostPieces> vectors{};
  std::size_t count = 0, size = 0;
  for (const std::string_view piece : pieces) {
    if (piece.empty()) continue;
    vectors[count].iov_base = const_cast<char*>(piece.data());  // iovec serves reading as well
    vectors[count++].iov_len = piece.size();
    size += piece.size();
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  const ssize_t put = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
  if (put >= 0) {
    may_write_ = static_cast<std::size_t>(put) == size;
    return {static_cast<std::size_t>(put), Io::Done};
  }
  const Moved moved = of_errno();
  may_write_ = false;
  return moved;
}

bool Socket::connect_failed() {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0;
}

void Socket::say_goodbye() {
  if (tls_ && SSL_is_init_finished(tls_.get()) == 1) {
    SSL_shutdown(tls_.get());
    ERR_clear_error();
  }
  ::shutdown(fd_, SHUT_WR);
}

void Socket::cut_off() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

std::string Socket::peer() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::getpeername(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  if (address.ss_family == AF_INET)
    ::inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in&>(address).sin_addr, text.data(),
                text.size());
  else if (address.ss_family == AF_INET6)
    ::inet_ntop(AF_INET6, &reinterpret_cast<sockaddr_in6&>(address).sin6_addr, text.data(),
                text.size());
  return text.data();
}

}  // namespace slipway::gateway

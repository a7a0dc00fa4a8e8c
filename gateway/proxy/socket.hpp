// A connected, non-blocking TCP socket, with TLS or without, watched by the loop of its thread.
// Both look alike: try, and if it says Again, wait until `on_socket` tells of it.
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gateway/proxy/event_loop.hpp"

namespace slipway::gateway {

enum class Io {
  Done,    // at least a byte moved
  Again,   // nothing can move now
  Closed,  // the peer sends no more
  Failed
};

struct Moved {
  std::size_t bytes = 0;
  Io io = Io::Done;
};

class Socket;

class SocketOwner {
 public:
  virtual ~SocketOwner() = default;
  // Something may move that could not before. The owner may dispose of the socket.
  virtual void on_socket(Socket& socket, Ready ready) = 0;
};

class Socket final : public Watcher {
 public:
  // Takes over `fd`, which must be non-blocking. `tls` is nullptr for none.
  static std::unique_ptr<Socket> make(EventLoop& loop, int fd, SSL_CTX* tls);
  // Begins to connect: it is done when the socket turns writable and `connect_failed` is false.
  static std::unique_ptr<Socket> connect(EventLoop& loop, const sockaddr* address, unsigned size);
  ~Socket() override;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void set_owner(SocketOwner* owner) { owner_ = owner; }
  // False while the last try said Again and nothing has been told since.
  bool may_read() const { return may_read_; }
  bool may_write() const { return may_write_; }
  bool hung_up() const { return hung_up_; }

  Moved read(char* to, std::size_t most);
  // The pieces as one message, where the kernel takes it; at most kMostPieces.
  static constexpr std::size_t kMostPieces = 4;
  Moved write(std::span<const std::string_view> pieces);
  Moved write(std::string_view first, std::string_view second = {}) {
    const std::string_view pieces[] = {first, second};
    return write(pieces);
  }
  bool connect_failed();
  // Sends what ends a TLS session, and no more after it; the destructor closes the socket.
  void say_goodbye();
  // The destructor resets the connection, so that nobody takes what was sent for all there is.
  void cut_off();
  // The peer's address without its port.
  std::string peer() const;

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  Socket(int fd, SSL* tls) : fd_(fd), tls_(tls) {}
  void on_ready(Ready ready) override;
  Moved of_tls(int result);
  Moved write_tls(std::span<const std::string_view> pieces);

  int fd_;
  std::unique_ptr<SSL, Free> tls_;
  SocketOwner* owner_ = nullptr;
  bool may_read_ = true, may_write_ = true, hung_up_ = false;
};

}  // namespace slipway::gateway

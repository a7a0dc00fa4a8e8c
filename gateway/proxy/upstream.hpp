// Where engines answer, as one reactor sees them: an address, connections that are kept for the
// next request, and counts that all reactors share.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "gateway/proxy/socket.hpp"

namespace slipway::gateway {

class Upstream final : public SocketOwner {
 public:
  static constexpr std::size_t kMostIdle = 256;

  // `address` as "10.0.0.7:8080" or "[fd00::1]:8080"; one that is no address of that form is never
  // reached.
  Upstream(EventLoop& loop, std::string address);
  // Events of this round may still name kept connections.
  ~Upstream() override;
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  const std::string& name() const { return name_; }

  // A connection that was used before; nullptr: there is none.
  std::unique_ptr<Socket> take_idle();
  struct Begun {
    std::unique_ptr<Socket> socket;  // that has begun to connect; nullptr: it cannot even begin
    bool exhausted = false;          // because this process has no descriptor left
  };
  Begun connect();
  // Keeps a connection whose last answer is complete.
  void keep(std::unique_ptr<Socket> socket);

 private:
  // A kept connection has nothing to say: it is being closed.
  void on_socket(Socket& socket, Ready ready) override;

  EventLoop& loop_;
  std::string name_;
  sockaddr_storage address_{};
  unsigned size_ = 0;
  std::vector<std::unique_ptr<Socket>> idle_;
};

}  // namespace slipway::gateway

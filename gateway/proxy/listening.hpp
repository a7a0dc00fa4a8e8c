// Where clients come in: listening sockets, and the certificates that are shown there.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <vector>

#include "gateway/config/gateway_config.hpp"
#include "gateway/proxy/reactor.hpp"

namespace slipway::gateway {

class Doors {
 public:
  // Opens all addresses of the configuration. An error names the address or the file.
  static Result<Doors> open(const GatewayConfig& config);
  Doors(Doors&&) = default;
  Doors& operator=(Doors&&) = default;
  ~Doors() { close(); }

  bool lead_to(Reactor& reactor) const;
  // The reactors' own copies stay open until they stop accepting.
  void close();

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  struct One {
    int fd = -1;
    std::unique_ptr<SSL_CTX, Free> tls;
    Door door = Door::Clients;
  };
  Doors() = default;
  Result<> add(const Listener& listener, Door door);

  std::vector<One> doors_;
};

}  // namespace slipway::gateway

// Where clients come in: listening sockets.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/config/gateway_config.hpp"
#include "gateway/proxy/certificate.hpp"
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
  // Shows certificates anew whose files have changed. Complaints about those that are wrong, whose
  // predecessors go on being shown; each is told once.
  std::vector<std::string> renew();
  // The reactors' own copies stay open until they stop accepting.
  void close();

 private:
  struct One {
    int fd = -1;
    std::unique_ptr<Certificate> certificate;  // nullptr: no TLS
    Door door = Door::Clients;
  };
  Doors() = default;
  Result<> add(const Listener& listener, Door door);

  std::vector<One> doors_;
};

}  // namespace slipway::gateway

// Numeric addresses with ports: "10.0.0.7:8080", "[fd00::1]:8080".
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string_view>

namespace slipway::gateway {

struct SocketAddress {
  sockaddr_storage storage{};
  unsigned size = 0;
};

// nullopt: not of that form. Names are not resolved: endpoints come as addresses.
std::optional<SocketAddress> parse_address(std::string_view text);

}  // namespace slipway::gateway

// Names to addresses without the C library's resolver, which a static binary cannot use: c-ares
// reads /etc/resolv.conf and /etc/hosts itself. Blocking; any thread.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>
#include <vector>

#include "crds/base/time.hpp"
#include "runtime-images/agent/report.hpp"

namespace slipway::agent {

// Addresses in the order to try. A literal address is returned as it is.
Outcome<std::vector<boost::asio::ip::address>> resolve(const std::string& host, Duration timeout);

}  // namespace slipway::agent

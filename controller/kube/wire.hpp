// What an HTTP library has to do for a `Transport`: one exchange, one stream, with given secrets.
// Everything that both transports owe in common is above it, in `make_transport`: at most so many
// calls in flight, fewer after a 429, secrets that are read again, a second try after a refused
// token, no exception that leaves. Thread-safe, as `Transport` is.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>

#include "controller/kube/secrets.hpp"
#include "controller/kube/transport.hpp"

namespace slipway::kube {

using SteadyTime = std::chrono::steady_clock::time_point;

class Wire {
 public:
  virtual ~Wire() = default;
  // Whether certificates and key can be used.
  virtual Result<> check(const Secrets& secrets) = 0;
  virtual Result<HttpResponse> send(const HttpRequest& request,
                                    const std::shared_ptr<const Secrets>& secrets,
                                    SteadyTime deadline) = 0;
  virtual Result<> stream(const HttpRequest& request, const std::shared_ptr<const Secrets>& secrets,
                          const std::stop_token& stop, Duration idle_limit,
                          const OnBytes& on_bytes) = 0;
};

// What a request is answered whose permit was withdrawn.
tl::unexpected<Error> not_permitted();

Result<std::unique_ptr<Transport>> make_transport(const Credentials& credentials,
                                                  const TransportOptions& options,
                                                  std::unique_ptr<Wire> wire);

}  // namespace slipway::kube

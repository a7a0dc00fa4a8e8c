// The same contract by cpprestsdk, which is archived upstream: everything of it stays in one file,
// and the default is the other transport. Chosen with `--transport cpprest`.
// cpprest's thread pool is process-wide and starts with the first transport, with a few threads;
// whoever uses cpprest for something else as well must do so after that.
#pragma once

#include <memory>

#include "controller/kube/credentials.hpp"
#include "controller/kube/transport.hpp"

namespace slipway::kube {

// Fails when a certificate, key or token file cannot be used, and for `tls-server-name`, which
// cpprest cannot check.
Result<std::unique_ptr<Transport>> make_cpprest_transport(const Credentials& credentials,
                                                          const TransportOptions& options = {});

}  // namespace slipway::kube

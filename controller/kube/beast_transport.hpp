// HTTP/1.1 by Boost.Beast, over TLS or plain (for tests). The default transport: a few kept-alive
// connections for `send`, one of its own for each `stream`, no thread of its own.
#pragma once

#include <memory>

#include "controller/kube/credentials.hpp"
#include "controller/kube/transport.hpp"

namespace slipway::kube {

// Fails when a certificate, key or token file cannot be used; makes no connection yet.
Result<std::unique_ptr<Transport>> make_beast_transport(const Credentials& credentials,
                                                        const TransportOptions& options = {});

}  // namespace slipway::kube

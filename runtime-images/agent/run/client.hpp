// One connection of a caller, as bytes: what has come and was not used yet, and until when the next
// step has to happen. One thread; the sockets's io_context outlives it.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "crds/base/time.hpp"
#include "runtime-images/agent/http/head.hpp"
#include "runtime-images/agent/run/asio.hpp"

namespace slipway::agent {

struct Client {
  explicit Client(asio::ip::tcp::socket accepted) : socket(std::move(accepted)) {}

  asio::ip::tcp::socket socket;
  std::string received;
  // When the connection is closed for being too slow; nullopt: it waits for us.
  std::optional<Time> deadline;
};

inline constexpr std::size_t kMaxBody = 32 << 20;
inline constexpr std::size_t kMaxBuffered = 256 << 20;  // of all bodies together

// Appends what comes next to `received`. False: the connection ended.
Awaitable<bool> receive(Client& client, Duration within);

// Sends everything. False: the client is gone, or does not read.
Awaitable<bool> send(Client& client, std::string_view bytes);

// The body of a request whose head was taken off `received`. `buffered` counts it while it lives.
Awaitable<tl::expected<std::string, http::HeadError>> read_request_body(
    Client& client, const http::RequestHead& head, std::size_t buffered);

// Whether the peer has closed. Bytes that wait to be read mean that it has not.
bool has_left(asio::ip::tcp::socket& socket);

}  // namespace slipway::agent

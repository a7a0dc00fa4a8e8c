#include "runtime-images/agent/run/server.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/v6_only.hpp>

#include "runtime-images/agent/clock.hpp"
#include "runtime-images/agent/run/exchange.hpp"

namespace slipway::agent {
namespace {

using asio::ip::tcp;
constexpr Duration kSweep{1000};
constexpr Duration kAcceptPause{100};  // when descriptors have run out

}  // namespace

Server::Server(asio::io_context& io, Front& front)
    : front_(front), acceptor_(io), pause_(io), sweeper_(io) {}

Outcome<> Server::listen(int port) {
  error_code error;
  // One socket for both families; a kernel without IPv6 gets the other.
  tcp::endpoint where(tcp::v6(), static_cast<unsigned short>(port));
  error = acceptor_.open(tcp::v6(), error);
  if (error) {
    where = tcp::endpoint(tcp::v4(), static_cast<unsigned short>(port));
    error = acceptor_.open(tcp::v4(), error);
  } else {
    error = acceptor_.set_option(asio::ip::v6_only(false), error);
  }
  if (!error) error = acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) error = acceptor_.bind(where, error);
  if (!error) error = acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return refuse("Internal", fmt::format("port {}: {}", port, error.message()));
  port_ = acceptor_.local_endpoint().port();
  accept();
  sweep();
  return {};
}

void Server::accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) {
      pause_.expires_after(kAcceptPause);
      return pause_.async_wait([this](error_code stopped) {
        if (!stopped) accept();
      });
    }
    error_code ignored;
    // An event of a stream is small and must not wait for the one before to be acknowledged.
    ignored = socket.set_option(tcp::no_delay(true), ignored);
    const auto connection = std::make_shared<Connection>(front_, std::move(socket));
    connections_.push_back(connection);
    connection->start();
    accept();
  });
}

void Server::sweep() {
  sweeper_.expires_after(kSweep);
  sweeper_.async_wait([this](error_code error) {
    if (error) return;
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    for (const auto& weak : connections_)
      if (const auto connection = weak.lock()) connection->check(steady_now());
    sweep();
  });
}

void Server::cut_exchanges() {
  // Ending one may take it off the set.
  const std::set<Exchange*> running = front_.exchanges;
  for (Exchange* exchange : running) exchange->cut();
}

}  // namespace slipway::agent

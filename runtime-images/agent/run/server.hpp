// The public port: accepts connections and closes those that are too slow. One thread; `front` and
// the io_context outlive it.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <vector>

#include "runtime-images/agent/run/connection.hpp"

namespace slipway::agent {

class Server {
 public:
  Server(asio::io_context& io, Front& front);

  Outcome<> listen(int port);
  int port() const { return port_; }
  // Ends every running exchange in good order; connections close after their last byte.
  void cut_exchanges();

 private:
  void accept();
  void sweep();

  Front& front_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer pause_, sweeper_;
  std::vector<std::weak_ptr<Connection>> connections_;
  int port_ = 0;
};

}  // namespace slipway::agent

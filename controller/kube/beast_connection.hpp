// One HTTP/1.1 connection with an event loop of its own, run by whoever calls: blocking calls with
// deadlines, which another thread can cut short. Used by one thread at a time.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <variant>

#include "controller/kube/credentials.hpp"
#include "controller/kube/transport.hpp"
#include "controller/kube/wire.hpp"

namespace slipway::kube {

using BeastRequest = boost::beast::http::request<boost::beast::http::string_body>;

class BeastConnection {
 public:
  // `tls` is null for plain HTTP. May throw when the system is out of descriptors.
  explicit BeastConnection(std::shared_ptr<boost::asio::ssl::context> tls);

  // `server_name` is what the certificate must be for: a DNS name or an address. Looking up a
  // host's name blocks as long as the system's resolver does; addresses need no look-up.
  Result<> connect(const Endpoint& endpoint, const std::string& server_name, SteadyTime deadline);

  Result<HttpResponse> exchange(const BeastRequest& request, SteadyTime deadline);

  // See `Transport::stream`. The connection is used up afterwards.
  Result<> stream(const BeastRequest& request, Duration idle_limit, const OnBytes& on_bytes);

  // Ends what is going on and everything that follows. From any thread.
  void interrupt();
  bool interrupted() const { return interrupted_; }

  // After an `exchange`: whether the peer closed the connection without a byte of an answer, and
  // whether another exchange may follow.
  bool went_stale() const { return went_stale_; }
  bool reusable() const { return reusable_; }

  // An idle connection has nothing to say: when it can be read, the server closed it.
  bool looks_closed();

 private:
  using Tcp = boost::beast::tcp_stream;
  using Tls = boost::beast::ssl_stream<Tcp>;
  using ErrorCode = boost::system::error_code;

  // Starts an asynchronous operation with the TCP or TLS stream and a handler, and waits for it.
  template <class Operation>
  ErrorCode run(const Operation& operation);
  Tcp& tcp();
  ErrorCode resolve_and_connect(const Endpoint& endpoint);
  Result<> handshake(const std::string& server_name);
  template <class Parser>
  Result<> read_refusal(Parser& parser);

  std::shared_ptr<boost::asio::ssl::context> tls_;
  boost::asio::io_context io_{1};
  std::variant<Tcp, Tls> stream_;
  boost::beast::flat_buffer buffer_;
  std::atomic<bool> interrupted_ = false;
  bool went_stale_ = false;
  bool reusable_ = false;
};

}  // namespace slipway::kube

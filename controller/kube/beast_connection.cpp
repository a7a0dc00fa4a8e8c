#include "controller/kube/beast_connection.hpp"

#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <limits>

#include "controller/kube/status.hpp"

namespace slipway::kube {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint64_t kMaxBody = 128u << 20;  // a page of 500 objects is about 5 MiB
constexpr std::size_t kMaxRefusal = 64u << 10;
constexpr Duration kRefusalTimeout = std::chrono::seconds(5);
constexpr std::size_t kPiece = 16u << 10;  // one TLS record

// A peer that vanished without a word is noticed in about 45 s, also on a quiet stream.
constexpr int kKeepIdleSeconds = 30;
constexpr int kKeepIntervalSeconds = 5;
constexpr int kKeepProbes = 3;

Error error_of(std::string_view during, const error_code& code) {
  if (code == beast::error::timeout || code == asio::error::timed_out)
    return Error{Fault::Unavailable, std::string(during) + ": timed out", std::nullopt};
  return Error{Fault::Unavailable, std::string(during) + ": " + code.message(), std::nullopt};
}

bool closed_by_peer(const error_code& code) {
  return code == http::error::end_of_stream || code == asio::error::eof ||
         code == asio::error::connection_reset || code == asio::error::broken_pipe ||
         code == asio::error::connection_aborted || code == asio::ssl::error::stream_truncated;
}

template <class Fields>
std::optional<Duration> retry_after(const Fields& fields) {
  const auto found = fields.find(http::field::retry_after);
  if (found == fields.end()) return std::nullopt;
  return parse_retry_after({found->value().data(), found->value().size()});
}

void set_socket_options(asio::ip::tcp::socket& socket) {
  // Each of them is an improvement, none a necessity.
  error_code ignored;
  (void)socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  (void)socket.set_option(asio::socket_base::keep_alive(true), ignored);
  const auto set = [&](int option, int value) {
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
  };
  set(TCP_KEEPIDLE, kKeepIdleSeconds);
  set(TCP_KEEPINTVL, kKeepIntervalSeconds);
  set(TCP_KEEPCNT, kKeepProbes);
}

// The certificate must be for this name or address; a name is also sent, for virtual hosts.
bool expect_server(SSL* ssl, const std::string& name) {
  error_code not_an_address;
  asio::ip::make_address(name, not_an_address);
  if (!not_an_address) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
  return SSL_set_tlsext_host_name(ssl, name.c_str()) == 1 && SSL_set1_host(ssl, name.c_str()) == 1;
}

}  // namespace

BeastConnection::BeastConnection(std::shared_ptr<asio::ssl::context> tls)
    : tls_(std::move(tls)), stream_(std::in_place_type<Tcp>, io_) {
  if (tls_) stream_.emplace<Tls>(io_, *tls_);
}

BeastConnection::Tcp& BeastConnection::tcp() {
  if (auto* plain = std::get_if<Tcp>(&stream_)) return *plain;
  return beast::get_lowest_layer(std::get<Tls>(stream_));
}

void BeastConnection::interrupt() {
  interrupted_ = true;
  asio::post(io_, [this] { tcp().close(); });
}

template <class Operation>
error_code BeastConnection::run(const Operation& operation) {
  // Either this sees the flag, or the handler that `interrupt` posts runs below and closes the
  // socket under the operation.
  if (interrupted_) return asio::error::operation_aborted;
  error_code result;
  io_.restart();
  std::visit(
      [&](auto& stream) {
        operation(stream, [&result](const error_code& code, auto&&...) { result = code; });
      },
      stream_);
  io_.run();
  return result;
}

bool BeastConnection::looks_closed() {
  pollfd readable{tcp().socket().native_handle(), POLLIN, 0};
  return buffer_.size() > 0 || ::poll(&readable, 1, 0) != 0;
}

Result<> BeastConnection::connect(const Endpoint& endpoint, const std::string& server_name,
                                  SteadyTime deadline) {
  tcp().expires_at(deadline);
  if (const error_code failed = resolve_and_connect(endpoint))
    return tl::unexpected(error_of("connect to " + endpoint.authority(), failed));
  set_socket_options(tcp().socket());
  if (!tls_) return {};
  return handshake(server_name);
}

error_code BeastConnection::resolve_and_connect(const Endpoint& endpoint) {
  error_code failed;
  asio::ip::tcp::resolver resolver(io_);
  const auto addresses = resolver.resolve(endpoint.host, endpoint.port, failed);
  if (failed) return failed;
  return run([&](auto&, auto handler) { tcp().async_connect(addresses, std::move(handler)); });
}

Result<> BeastConnection::handshake(const std::string& server_name) {
  SSL* const ssl = std::get<Tls>(stream_).native_handle();
  if (!expect_server(ssl, server_name))
    return fail(Fault::Invalid, "'" + server_name + "' cannot be the name of a server");
  const error_code failed = run([](auto& stream, auto handler) {
    if constexpr (std::is_same_v<std::decay_t<decltype(stream)>, Tls>)
      stream.async_handshake(asio::ssl::stream_base::client, std::move(handler));
  });
  if (!failed) return {};
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK)
    return fail(Fault::Unavailable, "the certificate of " + server_name + " is not trusted: " +
                                        X509_verify_cert_error_string(verdict));
  return tl::unexpected(error_of("TLS with " + server_name, failed));
}

Result<HttpResponse> BeastConnection::exchange(const BeastRequest& request, SteadyTime deadline) {
  went_stale_ = reusable_ = false;
  tcp().expires_at(deadline);
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxBody);

  error_code failed = run(
      [&](auto& stream, auto handler) { http::async_write(stream, request, std::move(handler)); });
  if (!failed)
    failed = run([&](auto& stream, auto handler) {
      http::async_read(stream, buffer_, parser, std::move(handler));
    });
  if (failed) {
    went_stale_ = closed_by_peer(failed) && !parser.got_some() && buffer_.size() == 0;
    return tl::unexpected(error_of("no answer", failed));
  }
  reusable_ = parser.get().keep_alive();
  auto message = parser.release();
  return HttpResponse{static_cast<int>(message.result_int()), std::move(message.body()),
                      retry_after(message)};
}

Result<> BeastConnection::stream(const BeastRequest& request, Duration idle_limit,
                                 const OnBytes& on_bytes) {
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  tcp().expires_after(idle_limit);
  error_code failed = run(
      [&](auto& stream, auto handler) { http::async_write(stream, request, std::move(handler)); });
  if (!failed)
    failed = run([&](auto& stream, auto handler) {
      http::async_read_header(stream, buffer_, parser, std::move(handler));
    });
  if (failed) return tl::unexpected(error_of("no answer", failed));
  const int status = static_cast<int>(parser.get().result_int());
  if (status < 200 || status > 299) return read_refusal(parser);

  std::array<char, kPiece> piece;
  while (!parser.is_done() && !interrupted_) {
    auto& body = parser.get().body();
    body.data = piece.data();
    body.size = piece.size();
    body.more = true;
    tcp().expires_after(idle_limit);
    failed = run([&](auto& stream, auto handler) {
      http::async_read_some(stream, buffer_, parser, std::move(handler));
    });
    const std::size_t size = piece.size() - body.size;
    if (size > 0) on_bytes({piece.data(), size});
    if (failed && failed != http::error::need_buffer)
      return tl::unexpected(error_of("the stream broke", failed));
  }
  return {};
}

template <class Parser>
Result<> BeastConnection::read_refusal(Parser& parser) {
  HttpResponse refusal{static_cast<int>(parser.get().result_int()), std::string(kMaxRefusal, '\0'),
                       retry_after(parser.get())};
  auto& body = parser.get().body();
  body.data = refusal.body.data();
  body.size = refusal.body.size();
  body.more = true;
  tcp().expires_after(kRefusalTimeout);
  // Whatever comes of the text: the status is known.
  (void)run([&](auto& stream, auto handler) {
    http::async_read(stream, buffer_, parser, std::move(handler));
  });
  refusal.body.resize(kMaxRefusal - body.size);
  return tl::unexpected(status_error(refusal));
}

}  // namespace slipway::kube

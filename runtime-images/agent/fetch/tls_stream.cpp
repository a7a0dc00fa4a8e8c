#include "runtime-images/agent/fetch/tls_stream.hpp"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <optional>

#include "runtime-images/agent/fetch/resolver.hpp"

namespace slipway::agent {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

struct TlsStream::Connection {
  Connection(std::string name, asio::ssl::context context, const TlsOptions& limits)
      : host(std::move(name)), tls(std::move(context)), stream(io, tls), options(limits) {}

  // Starts an operation and runs the loop until it ends or `timeout` has passed; then the socket is
  // closed, which ends the operation. False: timed out.
  template <class Start>
  bool run(Duration timeout, Start start) {
    start();
    io.restart();
    io.run_for(timeout);
    if (io.stopped()) return true;
    error_code ignored;
    ignored = stream.lowest_layer().close(ignored);
    io.run();
    return false;
  }

  std::string host;
  asio::io_context io{1};
  asio::ssl::context tls;
  asio::ssl::stream<tcp::socket> stream;
  TlsOptions options;
};

namespace {

Outcome<asio::ssl::context> make_context(const TlsOptions& options) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  error_code error;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  if (options.ca_file.empty())
    error = context.set_default_verify_paths(error);
  else
    error = context.load_verify_file(options.ca_file, error);
  if (error)
    return refuse("TlsUntrusted",
                  fmt::format("cannot read the authorities in {}: {}",
                              options.ca_file.empty() ? "the system's bundle" : options.ca_file,
                              error.message()));
  error = context.set_verify_mode(asio::ssl::verify_peer, error);
  return context;
}

// Whom the certificate has to name; for a name also what the server is told (SNI).
void expect_peer(SSL* ssl, const std::string& host) {
  error_code not_literal;
  asio::ip::make_address(host, not_literal);
  if (!not_literal) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    return;
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(ssl, host.c_str());
  SSL_set_tlsext_host_name(ssl, host.c_str());
}

tl::unexpected<AgentReport> handshake_failed(SSL* ssl, const std::string& host,
                                             const error_code& error) {
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK)
    return refuse("TlsUntrusted", fmt::format("the certificate of {} is not trusted: {}", host,
                                              X509_verify_cert_error_string(verdict)));
  return refuse("Unreachable",
                fmt::format("the TLS handshake with {} failed: {}", host, error.message()));
}

}  // namespace

TlsStream::TlsStream(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
TlsStream::~TlsStream() = default;
TlsStream::TlsStream(TlsStream&&) noexcept = default;
TlsStream& TlsStream::operator=(TlsStream&&) noexcept = default;

Outcome<TlsStream> TlsStream::connect(const std::string& host, const std::string& port,
                                      const TlsOptions& options) {
  auto addresses = resolve(host, options.connect_timeout);
  if (!addresses) return tl::unexpected(addresses.error());
  auto context = make_context(options);
  if (!context) return tl::unexpected(context.error());
  auto connection = std::make_unique<Connection>(host, std::move(*context), options);
  std::vector<tcp::endpoint> endpoints;
  for (const auto& address : *addresses)
    endpoints.emplace_back(address, static_cast<unsigned short>(std::stoi(port)));

  std::optional<error_code> done;
  Connection& c = *connection;
  bool in_time = c.run(options.connect_timeout, [&] {
    asio::async_connect(c.stream.lowest_layer(), endpoints,
                        [&done](error_code error, const tcp::endpoint&) { done = error; });
  });
  if (!in_time || *done)
    return refuse("Unreachable", fmt::format("cannot connect to {}:{}: {}", host, port,
                                             in_time ? done->message() : "no answer in time"));
  expect_peer(c.stream.native_handle(), host);
  done.reset();
  in_time = c.run(options.connect_timeout, [&] {
    c.stream.async_handshake(asio::ssl::stream_base::client,
                             [&done](error_code error) { done = error; });
  });
  if (!in_time)
    return refuse("Unreachable",
                  fmt::format("{}:{} does not answer the TLS handshake", host, port));
  if (*done) return handshake_failed(c.stream.native_handle(), host, *done);
  return TlsStream(std::move(connection));
}

Outcome<> TlsStream::write(std::string_view bytes) {
  Connection& c = *connection_;
  std::optional<error_code> done;
  const bool in_time = c.run(c.options.idle_timeout, [&] {
    asio::async_write(c.stream, asio::buffer(bytes),
                      [&done](error_code error, std::size_t) { done = error; });
  });
  if (!in_time || *done)
    return refuse("Unreachable", fmt::format("sending to {} failed: {}", c.host,
                                             in_time ? done->message() : "no progress in time"));
  return {};
}

Outcome<std::size_t> TlsStream::read(std::span<char> into) {
  Connection& c = *connection_;
  std::optional<error_code> done;
  std::size_t got = 0;
  const bool in_time = c.run(c.options.idle_timeout, [&] {
    c.stream.async_read_some(asio::buffer(into.data(), into.size()),
                             [&](error_code error, std::size_t count) {
                               done = error;
                               got = count;
                             });
  });
  if (!in_time)
    return refuse("Unreachable", fmt::format("{} sent nothing for {} s", c.host,
                                             c.options.idle_timeout.count() / 1000));
  if (!*done) return got;
  if (*done == asio::error::eof) return std::size_t{0};
  return refuse("Truncated",
                fmt::format("the connection to {} broke: {}", c.host, done->message()));
}

}  // namespace slipway::agent

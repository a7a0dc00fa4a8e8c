#include "controller/kube/beast_transport.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <mutex>
#include <vector>

#include "controller/kube/beast_connection.hpp"
#include "controller/kube/wire.hpp"

namespace slipway::kube {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using TlsContext = std::shared_ptr<asio::ssl::context>;
using std::chrono::steady_clock;

// Shorter than the 90 s after which the API server closes an idle connection.
constexpr Duration kMaxIdle = std::chrono::seconds(60);

// Trusts nothing but the given roots: the system's are no business of a cluster.
Result<TlsContext> make_tls(const Secrets& secrets) {
  auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  tls->set_verify_mode(asio::ssl::verify_peer);
  boost::system::error_code failed;
  failed = tls->add_certificate_authority(asio::buffer(secrets.ca), failed);
  ERR_clear_error();
  if (failed) return fail(Fault::Invalid, "the CA certificate is not PEM: " + failed.message());
  if (secrets.certificate.empty()) return tls;
  failed = tls->use_certificate_chain(asio::buffer(secrets.certificate), failed);
  if (failed) return fail(Fault::Invalid, "the client certificate is not PEM: " + failed.message());
  failed = tls->use_private_key(asio::buffer(secrets.key), asio::ssl::context::pem, failed);
  if (failed)
    return fail(Fault::Invalid, "the client key does not fit its certificate: " + failed.message());
  return tls;
}

// The context that new connections are made with; a new one when the certificates changed.
class TlsContexts {
 public:
  Result<TlsContext> with(const Secrets& secrets) {
    const std::lock_guard lock(mutex_);
    if (!context_ || !made_with_.same_tls(secrets)) {
      auto made = make_tls(secrets);
      if (!made) return made;
      context_ = *std::move(made);
      made_with_ = secrets;
    }
    return context_;
  }

 private:
  std::mutex mutex_;
  TlsContext context_;
  Secrets made_with_;
};

class IdleConnections {
 public:
  // A connection that may still be alive; null when there is none.
  std::unique_ptr<BeastConnection> take(const Secrets& secrets) {
    const std::lock_guard lock(mutex_);
    while (!idle_.empty()) {
      Idle last = std::move(idle_.back());
      idle_.pop_back();
      if (steady_clock::now() - last.since < kMaxIdle && last.secrets->same_tls(secrets) &&
          !last.connection->looks_closed())
        return std::move(last.connection);
    }
    return nullptr;
  }

  void keep(std::unique_ptr<BeastConnection> connection, std::shared_ptr<const Secrets> secrets) {
    const std::lock_guard lock(mutex_);
    idle_.push_back({std::move(connection), std::move(secrets), steady_clock::now()});
  }

 private:
  struct Idle {
    std::unique_ptr<BeastConnection> connection;
    std::shared_ptr<const Secrets> secrets;
    SteadyTime since;
  };
  std::mutex mutex_;
  std::vector<Idle> idle_;  // the last one used at the end
};

class BeastWire : public Wire {
 public:
  BeastWire(const Credentials& credentials, Duration connect_timeout)
      : endpoint_(credentials.endpoint),
        server_name_(credentials.server_name.empty() ? credentials.endpoint.host
                                                     : credentials.server_name),
        connect_timeout_(connect_timeout) {}

  Result<> check(const Secrets& secrets) override {
    if (auto tls = tls_for(secrets); !tls) return tl::unexpected(tls.error());
    return {};
  }

  Result<HttpResponse> send(const HttpRequest& request,
                            const std::shared_ptr<const Secrets>& secrets,
                            SteadyTime deadline) override {
    const BeastRequest message = to_beast(request, *secrets);
    const auto permitted = [&] { return !request.permit || request.permit(); };
    if (auto kept = idle_.take(*secrets)) {
      if (!permitted()) {
        idle_.keep(std::move(kept), secrets);
        return not_permitted();
      }
      auto response = kept->exchange(message, deadline);
      if (response || !kept->went_stale() || !request.repeatable) {
        if (kept->reusable()) idle_.keep(std::move(kept), secrets);
        return response;
      }
    }
    auto tls = tls_for(*secrets);
    if (!tls) return tl::unexpected(tls.error());
    auto fresh = std::make_unique<BeastConnection>(*tls);
    SLIPWAY_TRY(fresh->connect(endpoint_, server_name_, std::min(deadline, connect_deadline())));
    if (!permitted()) return not_permitted();
    auto response = fresh->exchange(message, deadline);
    if (fresh->reusable()) idle_.keep(std::move(fresh), secrets);
    return response;
  }

  Result<> stream(const HttpRequest& request, const std::shared_ptr<const Secrets>& secrets,
                  const std::stop_token& stop, Duration idle_limit,
                  const OnBytes& on_bytes) override {
    auto tls = tls_for(*secrets);
    if (!tls) return tl::unexpected(tls.error());
    BeastConnection connection(*tls);
    const std::stop_callback interrupt(stop, [&] { connection.interrupt(); });
    SLIPWAY_TRY(connection.connect(endpoint_, server_name_, connect_deadline()));
    return connection.stream(to_beast(request, *secrets), idle_limit, on_bytes);
  }

 private:
  SteadyTime connect_deadline() const { return steady_clock::now() + connect_timeout_; }

  Result<TlsContext> tls_for(const Secrets& secrets) {
    if (!endpoint_.tls) return TlsContext();
    return contexts_.with(secrets);
  }

  BeastRequest to_beast(const HttpRequest& request, const Secrets& secrets) const {
    BeastRequest message;
    message.version(11);
    message.method_string(request.method);
    message.target(endpoint_.path + request.target);
    message.set(http::field::host, endpoint_.authority());
    message.set(http::field::user_agent, "slipway");
    message.set(http::field::accept, request.accept);
    if (!secrets.token.empty()) message.set(http::field::authorization, "Bearer " + secrets.token);
    if (!request.content_type.empty()) message.set(http::field::content_type, request.content_type);
    message.body() = request.body;
    message.prepare_payload();
    return message;
  }

  const Endpoint endpoint_;
  const std::string server_name_;
  const Duration connect_timeout_;
  TlsContexts contexts_;
  IdleConnections idle_;
};

}  // namespace

Result<std::unique_ptr<Transport>> make_beast_transport(const Credentials& credentials,
                                                        const TransportOptions& options) {
  return make_transport(credentials, options,
                        std::make_unique<BeastWire>(credentials, options.connect_timeout));
}

}  // namespace slipway::kube

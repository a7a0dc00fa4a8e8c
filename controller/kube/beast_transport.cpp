#include "controller/kube/beast_transport.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <vector>

#include "controller/kube/beast_connection.hpp"
#include "controller/kube/secrets.hpp"

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
  tls->add_certificate_authority(asio::buffer(secrets.ca), failed);
  ERR_clear_error();
  if (failed) return fail(Fault::Invalid, "the CA certificate is not PEM: " + failed.message());
  if (secrets.certificate.empty()) return tls;
  tls->use_certificate_chain(asio::buffer(secrets.certificate), failed);
  if (failed) return fail(Fault::Invalid, "the client certificate is not PEM: " + failed.message());
  tls->use_private_key(asio::buffer(secrets.key), asio::ssl::context::pem, failed);
  if (failed)
    return fail(Fault::Invalid, "the client key does not fit its certificate: " + failed.message());
  return tls;
}

struct IdleConnection {
  std::unique_ptr<BeastConnection> connection;
  std::shared_ptr<const Secrets> secrets;
  SteadyTime since;
};

// Bounds the calls in flight and keeps their connections. Thread-safe.
class Pool {
 public:
  explicit Pool(int limit) : free_(limit) {}

  bool enter(SteadyTime deadline) {
    std::unique_lock lock(mutex_);
    if (!left_.wait_until(lock, deadline, [&] { return free_ > 0; })) return false;
    --free_;
    return true;
  }

  void leave() {
    const std::lock_guard lock(mutex_);
    ++free_;
    left_.notify_one();
  }

  // A connection that may still be alive; null when there is none.
  std::unique_ptr<BeastConnection> take(const Secrets& secrets) {
    const std::lock_guard lock(mutex_);
    while (!idle_.empty()) {
      IdleConnection last = std::move(idle_.back());
      idle_.pop_back();
      if (steady_clock::now() - last.since < kMaxIdle && last.secrets->same_tls(secrets) &&
          !last.connection->looks_closed())
        return std::move(last.connection);
    }
    return nullptr;
  }

  void give(std::unique_ptr<BeastConnection> connection, std::shared_ptr<const Secrets> secrets) {
    const std::lock_guard lock(mutex_);
    idle_.push_back({std::move(connection), std::move(secrets), steady_clock::now()});
  }

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  int free_;
  std::vector<IdleConnection> idle_;
};

class BeastTransport : public Transport {
 public:
  BeastTransport(const Credentials& credentials, const TransportOptions& options,
                 std::unique_ptr<SecretFiles> secrets)
      : endpoint_(credentials.endpoint),
        server_name_(credentials.server_name.empty() ? credentials.endpoint.host
                                                     : credentials.server_name),
        connect_timeout_(options.connect_timeout),
        secrets_(std::move(secrets)),
        pool_(options.connections) {}

  Result<HttpResponse> send(const HttpRequest& request, Duration timeout) override try {
    const SteadyTime deadline = steady_clock::now() + timeout;
    if (!pool_.enter(deadline))
      return fail(Fault::Unavailable, "no connection became free in time");
    const std::unique_ptr<Pool, void (*)(Pool*)> slot(&pool_, [](Pool* pool) { pool->leave(); });

    auto used = secrets_->current();
    auto response = send_once(request, used, deadline);
    // A refused token: nothing was carried out, whatever the request was.
    if (response && response->status == 401 && secrets_->changed_since(*used))
      response = send_once(request, secrets_->current(), deadline);
    return response;
  } catch (const std::exception& error) {
    return fail(Fault::Unavailable, error.what());
  }

  Result<> stream(const HttpRequest& request, std::stop_token stop, Duration idle_limit,
                  const OnBytes& on_bytes) override try {
    const auto used = secrets_->current();
    auto ended = stream_once(request, *used, stop, idle_limit, on_bytes);
    const bool refused = !ended && ended.error().fault == Fault::Forbidden;
    if (refused && !stop.stop_requested() && secrets_->changed_since(*used))
      ended = stream_once(request, *secrets_->current(), stop, idle_limit, on_bytes);
    if (stop.stop_requested()) return {};
    return ended;
  } catch (const std::exception& error) {
    return fail(Fault::Unavailable, error.what());
  }

  Result<TlsContext> tls_for(const Secrets& secrets) {
    if (!endpoint_.tls) return TlsContext();
    const std::lock_guard lock(tls_mutex_);
    if (!tls_ || !tls_secrets_.same_tls(secrets)) {
      auto made = make_tls(secrets);
      if (!made) return made;
      tls_ = *std::move(made);
      tls_secrets_ = secrets;
    }
    return tls_;
  }

 private:
  BeastRequest to_beast(const HttpRequest& request, const Secrets& secrets) const {
    BeastRequest message;
    message.version(11);
    message.method_string(request.method);
    message.target(endpoint_.path + request.target);
    message.set(http::field::host, endpoint_.authority());
    message.set(http::field::user_agent, "slipway");
    message.set(http::field::accept, "application/json");
    if (!secrets.token.empty()) message.set(http::field::authorization, "Bearer " + secrets.token);
    if (!request.content_type.empty()) message.set(http::field::content_type, request.content_type);
    message.body() = request.body;
    message.prepare_payload();
    return message;
  }

  Result<HttpResponse> send_once(const HttpRequest& request,
                                 const std::shared_ptr<const Secrets>& secrets,
                                 SteadyTime deadline) {
    const BeastRequest message = to_beast(request, *secrets);
    if (auto kept = pool_.take(*secrets)) {
      auto response = kept->exchange(message, deadline);
      if (kept->reusable())
        pool_.give(std::move(kept), secrets);
      else if (!response && kept->went_stale() && request.repeatable)
        return send_fresh(message, secrets, deadline);
      return response;
    }
    return send_fresh(message, secrets, deadline);
  }

  Result<HttpResponse> send_fresh(const BeastRequest& message,
                                  const std::shared_ptr<const Secrets>& secrets,
                                  SteadyTime deadline) {
    auto tls = tls_for(*secrets);
    if (!tls) return tl::unexpected(tls.error());
    auto connection = std::make_unique<BeastConnection>(*tls);
    SLIPWAY_TRY(connection->connect(endpoint_, server_name_, connect_deadline(deadline)));
    auto response = connection->exchange(message, deadline);
    if (connection->reusable()) pool_.give(std::move(connection), secrets);
    return response;
  }

  Result<> stream_once(const HttpRequest& request, const Secrets& secrets,
                       const std::stop_token& stop, Duration idle_limit, const OnBytes& on_bytes) {
    auto tls = tls_for(secrets);
    if (!tls) return tl::unexpected(tls.error());
    BeastConnection connection(*tls);
    const std::stop_callback interrupt(stop, [&] { connection.interrupt(); });
    SLIPWAY_TRY(connection.connect(endpoint_, server_name_, connect_deadline(SteadyTime::max())));
    return connection.stream(to_beast(request, secrets), idle_limit, on_bytes);
  }

  SteadyTime connect_deadline(SteadyTime deadline) const {
    return std::min(deadline, steady_clock::now() + connect_timeout_);
  }

  const Endpoint endpoint_;
  const std::string server_name_;
  const Duration connect_timeout_;
  const std::unique_ptr<SecretFiles> secrets_;
  Pool pool_;
  std::mutex tls_mutex_;
  TlsContext tls_;  // made from `tls_secrets_`; both guarded by `tls_mutex_`
  Secrets tls_secrets_;
};

}  // namespace

Result<std::unique_ptr<Transport>> make_beast_transport(const Credentials& credentials,
                                                        TransportOptions options) {
  auto secrets = SecretFiles::open(credentials, options.clock);
  if (!secrets) return tl::unexpected(secrets.error());
  const auto first = (*secrets)->current();
  auto transport = std::make_unique<BeastTransport>(credentials, options, *std::move(secrets));
  if (auto usable = transport->tls_for(*first); !usable) return tl::unexpected(usable.error());
  return transport;
}

}  // namespace slipway::kube

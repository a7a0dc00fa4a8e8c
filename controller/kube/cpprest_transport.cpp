#include "controller/kube/cpprest_transport.hpp"

#include <cpprest/http_client.h>
#include <cpprest/producerconsumerstream.h>
#include <pplx/threadpool.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <condition_variable>
#include <future>
#include <mutex>

#include "controller/kube/status.hpp"
#include "controller/kube/wire.hpp"

namespace slipway::kube {
namespace {

namespace asio = boost::asio;
namespace http = web::http;
namespace streams = concurrency::streams;
using std::chrono::steady_clock;

// They only move bytes; who calls us waits on a thread of its own.
constexpr int kPoolThreads = 4;
// cpprest's limit restarts with every byte and cannot be switched off; ours end a call before.
constexpr auto kNever = std::chrono::hours(24);
constexpr std::size_t kMaxRefusal = 64u << 10;

void start_thread_pool() {
  static const bool once = [] {
    try {
      crossplat::threadpool::initialize_with_threads(kPoolThreads);
    } catch (const std::exception&) {
      return false;  // somebody in this process was first: any size will do
    }
    return true;
  }();
  (void)once;
}

// Called by cpprest after it has loaded the system's roots, which are replaced here.
void set_up_tls(asio::ssl::context& tls, const Secrets& secrets) {
  SSL_CTX_set_cert_store(tls.native_handle(), X509_STORE_new());
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  tls.add_certificate_authority(asio::buffer(secrets.ca));
  if (secrets.certificate.empty()) return;
  tls.use_certificate_chain(asio::buffer(secrets.certificate));
  tls.use_private_key(asio::buffer(secrets.key), asio::ssl::context::pem);
}

Error error_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return Error{Fault::Unavailable, std::string("no answer: ") + error.what(), std::nullopt};
  }
}

HttpResponse head_of(const http::http_response& response) {
  HttpResponse head;
  head.status = response.status_code();
  if (std::string after; response.headers().match("Retry-After", after))
    head.retry_after = parse_retry_after(after);
  return head;
}

// Hands the bytes of a body from cpprest's threads to one that waits for them. cpprest keeps a
// piece until its task is done, so nothing is copied and a slow reader slows the server down.
// Held by cpprest as long as it writes.
class BodyPipe : public streams::details::streambuf_state_manager<std::uint8_t> {
 public:
  struct News {
    std::string_view piece;
    bool over = false;
  };

  BodyPipe() : streambuf_state_manager(std::ios_base::out) {}

  // Waits until there are bytes of a successful answer, or nothing more will come. No news: the
  // deadline has passed, or `stop` was requested.
  News wait(SteadyTime deadline, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, deadline, [&] { return over_ || (head_ && !piece_.empty()); });
    if (!piece_.empty() && head_) return {piece_, false};
    return {{}, over_};
  }

  // The piece that `wait` gave was used.
  void next() {
    const std::unique_lock lock(mutex_);
    const std::size_t size = piece_.size();
    piece_ = {};
    taken_.set(size);
  }

  // No reader any more: whatever still comes is thrown away.
  void discard() {
    const std::unique_lock lock(mutex_);
    discarding_ = true;
    if (!piece_.empty()) taken_.set(piece_.size());
    piece_ = {};
  }

  void begin(HttpResponse head) {
    const std::unique_lock lock(mutex_);
    head_ = std::move(head);
    changed_.notify_all();
  }

  void end(std::optional<Error> why) {
    const std::unique_lock lock(mutex_);
    over_ = true;
    error_ = std::move(why);
    changed_.notify_all();
  }

  void wait_for_end() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return over_; });
  }

  // Settled once `wait` has given something.
  const std::optional<HttpResponse>& head() const { return head_; }
  const std::optional<Error>& error() const { return error_; }

  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  std::size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(std::size_t, std::ios_base::openmode) override {}
  std::size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return traits::eof(); }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return traits::eof(); }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
    return traits::eof();
  }
  bool acquire(std::uint8_t*&, std::size_t&) override { return false; }
  void release(std::uint8_t*, std::size_t) override {}

 private:
  pplx::task<std::size_t> _putn(const std::uint8_t* data, std::size_t size) override {
    const std::unique_lock lock(mutex_);
    if (discarding_) return pplx::task_from_result(size);
    piece_ = {reinterpret_cast<const char*>(data), size};
    taken_ = {};
    changed_.notify_all();
    return pplx::create_task(taken_);
  }
  pplx::task<int_type> _putc(std::uint8_t) override { return unsupported<int_type>(); }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  std::uint8_t* _alloc(std::size_t) override { return nullptr; }
  void _commit(std::size_t) override {}
  // It is written to only.
  pplx::task<int_type> _bumpc() override { return unsupported<int_type>(); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return unsupported<int_type>(); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return unsupported<int_type>(); }
  pplx::task<int_type> _ungetc() override { return unsupported<int_type>(); }
  pplx::task<std::size_t> _getn(std::uint8_t*, std::size_t) override {
    return unsupported<std::size_t>();
  }
  std::size_t _scopy(std::uint8_t*, std::size_t) override { return 0; }

  template <class T>
  static pplx::task<T> unsupported() {
    return pplx::task_from_exception<T>(std::logic_error("a pipe takes blocks of bytes only"));
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string_view piece_;  // cpprest's, until `taken_` is set
  pplx::task_completion_event<std::size_t> taken_;
  std::optional<HttpResponse> head_;
  std::optional<Error> error_;
  bool over_ = false;
  bool discarding_ = false;
};

class CpprestWire : public Wire {
 public:
  explicit CpprestWire(const Credentials& credentials)
      : endpoint_(credentials.endpoint),
        base_((endpoint_.tls ? "https://" : "http://") + endpoint_.authority()) {
    start_thread_pool();
  }

  Result<> check(const Secrets& secrets) override try {
    if (!endpoint_.tls) return {};
    asio::ssl::context tls(asio::ssl::context::tls_client);
    set_up_tls(tls, secrets);
    return {};
  } catch (const std::exception& error) {
    return fail(Fault::Invalid, std::string("a certificate or key is not usable: ") + error.what());
  }

  Result<HttpResponse> send(const HttpRequest& request,
                            const std::shared_ptr<const Secrets>& secrets,
                            SteadyTime deadline) override {
    if (request.permit && !request.permit()) return not_permitted();
    const auto pipe = std::make_shared<BodyPipe>();
    pplx::cancellation_token_source cancel;
    start(request, secrets, pipe, cancel.get_token());
    std::string body;
    const bool complete =
        read(*pipe, {}, [&] { return deadline; }, [&](std::string_view piece) { body += piece; });
    if (!complete) abandon(*pipe, cancel);
    if (!complete) return fail(Fault::Unavailable, "no answer: timed out");
    if (pipe->error()) return tl::unexpected(*pipe->error());
    HttpResponse response = *pipe->head();
    response.body = std::move(body);
    return response;
  }

  Result<> stream(const HttpRequest& request, const std::shared_ptr<const Secrets>& secrets,
                  const std::stop_token& stop, Duration idle_limit,
                  const OnBytes& on_bytes) override {
    const auto pipe = std::make_shared<BodyPipe>();
    pplx::cancellation_token_source cancel;
    start(request, secrets, pipe, cancel.get_token());
    std::string refusal;
    const auto good = [&] { return pipe->head()->status / 100 == 2; };
    const bool complete = read(
        *pipe, stop, [&] { return steady_clock::now() + idle_limit; },
        [&](std::string_view piece) {
          if (good()) return on_bytes(piece);
          refusal += piece.substr(0, kMaxRefusal - std::min(kMaxRefusal, refusal.size()));
        });
    if (!complete) abandon(*pipe, cancel);
    if (stop.stop_requested()) return {};
    if (!complete) return fail(Fault::Unavailable, "the stream broke: timed out");
    if (pipe->head() && !good()) {
      HttpResponse answer = *pipe->head();
      answer.body = std::move(refusal);
      return tl::unexpected(status_error(answer));
    }
    if (pipe->error()) return tl::unexpected(*pipe->error());
    return {};
  }

 private:
  using Client = std::shared_ptr<http::client::http_client>;

  // Bytes go to `use` until the end of the answer (true), the deadline or a stop.
  template <class NextDeadline, class Use>
  static bool read(BodyPipe& pipe, const std::stop_token& stop, const NextDeadline& deadline,
                   const Use& use) {
    while (!stop.stop_requested()) {
      const BodyPipe::News news = pipe.wait(deadline(), stop);
      if (news.over) return true;
      if (news.piece.empty()) return false;
      use(news.piece);
      pipe.next();
    }
    return false;
  }

  // After this cpprest writes nothing more into the pipe.
  static void abandon(BodyPipe& pipe, const pplx::cancellation_token_source& cancel) {
    pipe.discard();
    cancel.cancel();
    pipe.wait_for_end();
  }

  void start(const HttpRequest& request, const std::shared_ptr<const Secrets>& secrets,
             const std::shared_ptr<BodyPipe>& pipe, const pplx::cancellation_token& cancelled) {
    http::http_request message = to_cpprest(request, *secrets);
    message.set_response_stream(
        streams::basic_ostream<std::uint8_t>(streams::streambuf<std::uint8_t>(
            std::static_pointer_cast<streams::details::basic_streambuf<std::uint8_t>>(pipe))));
    client_for(secrets)
        ->request(message, cancelled)
        .then([pipe](const http::http_response& response) {
          pipe->begin(head_of(response));
          return response.content_ready();
        })
        .then([pipe](const pplx::task<http::http_response>& done) {
          try {
            done.get();
            pipe->end(std::nullopt);
          } catch (...) {
            pipe->end(error_of(std::current_exception()));
          }
        });
  }

  http::http_request to_cpprest(const HttpRequest& request, const Secrets& secrets) const {
    http::http_request message(request.method);
    message.set_request_uri(web::uri(endpoint_.path + request.target));
    message.headers().add("User-Agent", "slipway");
    message.headers().add("Accept", request.accept);
    if (!secrets.token.empty()) message.headers().add("Authorization", "Bearer " + secrets.token);
    if (request.content_type.empty()) return message;
    if (request.repeatable) {
      message.set_body(request.body, request.content_type);
    } else {
      // cpprest repeats what it sent on a stale connection, unless it cannot read the body again.
      streams::producer_consumer_buffer<std::uint8_t> once;
      once.putn_nocopy(reinterpret_cast<const std::uint8_t*>(request.body.data()),
                       request.body.size())
          .wait();
      once.close(std::ios_base::out).wait();
      message.set_body(once.create_istream(), request.body.size(), request.content_type);
    }
    return message;
  }

  // Connections are kept by the client: other certificates, another client.
  Client client_for(const std::shared_ptr<const Secrets>& secrets) {
    const std::lock_guard lock(mutex_);
    if (client_ && client_secrets_->same_tls(*secrets)) return client_;
    http::client::http_client_config config;
    config.set_timeout(kNever);
    config.set_max_redirects(0);  // a token is for the API server alone
    config.set_ssl_context_callback(
        [secrets](asio::ssl::context& tls) { set_up_tls(tls, *secrets); });
    client_ = std::make_shared<http::client::http_client>(web::uri(base_), config);
    client_secrets_ = secrets;
    return client_;
  }

  const Endpoint endpoint_;
  const std::string base_;
  std::mutex mutex_;
  Client client_;
  std::shared_ptr<const Secrets> client_secrets_;
};

}  // namespace

Result<std::unique_ptr<Transport>> make_cpprest_transport(const Credentials& credentials,
                                                          const TransportOptions& options) {
  if (!credentials.server_name.empty())
    return fail(Fault::Invalid, "tls-server-name is not supported by the cpprest transport");
  return make_transport(credentials, options, std::make_unique<CpprestWire>(credentials));
}

}  // namespace slipway::kube

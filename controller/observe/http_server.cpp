#include "controller/observe/http_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

namespace slipway {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

constexpr std::chrono::seconds kTimeout{10};  // of one request
constexpr std::uint32_t kMaxHeader = 8 * 1024;

// One connection: keeps itself alive through the operation that is under way.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Tcp::socket socket, const Answerer& answer)
      : stream_(std::move(socket)), answer_(answer) {}

  void read() {
    parser_.emplace();
    parser_->header_limit(kMaxHeader);
    stream_.expires_after(kTimeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                       if (!error) self->respond();
                     });
  }

 private:
  void respond() {
    const auto& request = parser_->get();
    const std::string_view target(request.target().data(), request.target().size());
    PageAnswer page{405, "only GET\n"};
    if (request.method() == http::verb::get) page = answer_(target.substr(0, target.find('?')));
    response_ = {};
    response_.version(request.version());
    response_.keep_alive(request.keep_alive());
    response_.result(static_cast<unsigned>(page.status));
    response_.set(http::field::content_type, page.content_type);
    response_.body() = std::move(page.body);
    response_.prepare_payload();
    http::async_write(stream_, response_,
                      [self = shared_from_this()](beast::error_code error, std::size_t) {
                        if (!error && self->response_.keep_alive()) self->read();
                      });
  }

  beast::tcp_stream stream_;
  const Answerer& answer_;
  beast::flat_buffer buffer_{kMaxHeader};
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
};

Result<Tcp::endpoint> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(Fault::Invalid, "address \"" + std::string(text) + "\" has no port");
  }
  std::string host(text.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) host = "0.0.0.0";
  beast::error_code error;
  const auto address = asio::ip::make_address(host, error);
  const std::string port_text(text.substr(colon + 1));
  char* end = nullptr;
  const unsigned long port = std::strtoul(port_text.c_str(), &end, 10);
  if (error || port_text.empty() || *end != '\0' || port > 65535) {
    return fail(Fault::Invalid, "\"" + std::string(text) + "\" is no address and port");
  }
  return Tcp::endpoint(address, static_cast<std::uint16_t>(port));
}

}  // namespace

struct HttpServer::State {
  explicit State(Answerer made) : answer(std::move(made)) {}
  ~State() {
    context.stop();
    if (thread.joinable()) thread.join();
  }

  void accept() {
    acceptor.async_accept([this](beast::error_code error, Tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (!error) std::make_shared<Session>(std::move(socket), answer)->read();
      accept();
    });
  }

  const Answerer answer;
  asio::io_context context{1};
  Tcp::acceptor acceptor{context};
  std::thread thread;
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(std::string_view address, Answerer answer) {
  const auto endpoint = parse_address(address);
  if (!endpoint) return tl::unexpected(endpoint.error());
  auto state = std::make_unique<State>(std::move(answer));
  try {
    Tcp::acceptor& acceptor = state->acceptor;
    acceptor.open(endpoint->protocol());
    acceptor.set_option(asio::socket_base::reuse_address(true));
    acceptor.bind(*endpoint);
    acceptor.listen();
  } catch (const boost::system::system_error& error) {
    return fail(Fault::Unavailable,
                "cannot listen on " + std::string(address) + ": " + error.code().message());
  }
  state->accept();
  state->thread = std::thread([running = state.get()] { running->context.run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

std::uint16_t HttpServer::port() const {
  beast::error_code error;
  return state_->acceptor.local_endpoint(error).port();
}

}  // namespace slipway

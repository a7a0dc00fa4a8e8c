#include "runtime-images/agent/run/connection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime-images/agent/clock.hpp"
#include "runtime-images/agent/run/engine_client.hpp"
#include "runtime-images/agent/run/exchange.hpp"
#include "runtime-images/agent/run/response.hpp"

namespace slipway::agent {
namespace {

constexpr Duration kIdle{75'000};       // between two requests
constexpr Duration kHeadPause{10'000};  // between two parts of a head

bool is_usable_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 &&
         std::ranges::all_of(id, [](unsigned char c) { return c > ' ' && c < 0x7f; });
}

// The caller's address; one of the old kind without the prefix it gets on a socket for both.
std::string peer_of(const asio::ip::tcp::socket& socket) {
  error_code unknown;
  const auto peer = socket.remote_endpoint(unknown);
  if (unknown) return {};
  const auto address = peer.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

}  // namespace

Connection::Connection(Front& front, asio::ip::tcp::socket socket)
    : front_(front), client_(std::move(socket)) {}

void Connection::start() {
  asio::co_spawn(
      client_.socket.get_executor(), [self = shared_from_this()] { return self->serve(); },
      asio::detached);
}

void Connection::check(Time now) {
  if (client_.deadline && now >= *client_.deadline) close();
}

void Connection::close() {
  error_code ignored;
  ignored = client_.socket.close(ignored);
}

// Takes the next head off what has come. False: there is none to come.
Awaitable<bool> Connection::read_head(std::string& text) {
  for (;;) {
    // Empty lines before a request are allowed (RFC 9112 section 2.2).
    while (client_.received.starts_with("\r\n")) client_.received.erase(0, 2);
    const auto end = client_.received.find("\r\n\r\n");
    if (end != std::string::npos || client_.received.size() >= http::kMaxHead) {
      const std::size_t size = end == std::string::npos ? client_.received.size() : end + 4;
      text = client_.received.substr(0, size);
      client_.received.erase(0, size);
      co_return true;
    }
    if (!co_await receive(client_, client_.received.empty() ? kIdle : kHeadPause)) co_return false;
  }
}

Awaitable<> Connection::serve() {
  std::string text;
  for (;;) {
    const bool read = co_await read_head(text);
    if (!read) break;
    const auto parsed = http::parse_request(text);
    if (!parsed || !*parsed) {
      const http::HeadError why = parsed ? http::HeadError{} : parsed.error();
      const http::ApiError error{why.status, "invalid_request_error", "", "", why.why};
      const std::string refusal = render_error(error, {false, ""});
      co_await send(client_, refusal);
      break;
    }
    const bool more = co_await answer(**parsed);
    if (!more) break;
  }
  error_code ignored;
  ignored = client_.socket.shutdown(asio::socket_base::shutdown_send, ignored);
  ignored = client_.socket.close(ignored);
}

std::string Connection::request_id(const http::RequestHead& head) {
  const auto given = head.fields.find("x-request-id");
  if (given && is_usable_id(*given)) return std::string(*given);
  return fmt::format("{:x}-{:x}", front_.started, ++front_.next_id);
}

Awaitable<bool> Connection::answer(const http::RequestHead& head) {
  const Route where = route(head.method, head.path());
  if (where == Route::Unknown || where == Route::WrongMethod)
    co_return co_await refuse_request(head, where);
  if (where != Route::Generate) co_return co_await answer_own(where, head);
  RequestRecord record;
  record.at = wall_now();
  record.id = request_id(head);
  record.client = peer_of(client_.socket);
  record.method = head.method;
  record.path = head.path();
  Exchange exchange(front_, client_, head, record);
  co_return co_await exchange.run();
}

Awaitable<bool> Connection::refuse_request(const http::RequestHead& head, Route where) {
  const bool unknown = where == Route::Unknown;
  http::ApiError error{unknown ? 404 : 405, "invalid_request_error", "", "",
                       fmt::format("{} {} is not served here", head.method, head.path())};
  // A body that nobody reads would be taken for the next request.
  const bool no_body = !head.chunked && head.content_length.value_or(0) == 0;
  const bool keep_alive = head.keep_alive && no_body;
  const std::string refusal = render_error(error, {keep_alive, ""});
  const bool sent = co_await send(client_, refusal);
  co_return sent&& keep_alive;
}

Awaitable<bool> Connection::answer_own(Route where, const http::RequestHead& head) {
  const Lifecycle& lifecycle = front_.lifecycle;
  const bool no_body = !head.chunked && head.content_length.value_or(0) == 0;
  const Envelope envelope{head.keep_alive && no_body, ""};
  std::string text;
  switch (where) {
    case Route::Live:
      text = render_json(200, probe_page(lifecycle), envelope);
      break;
    case Route::Ready:
      text = render_json(lifecycle.ready() ? 200 : 503, probe_page(lifecycle), envelope);
      break;
    case Route::Startup:
      text = render_json(lifecycle.started() ? 200 : 503, probe_page(lifecycle), envelope);
      break;
    case Route::Status:
      text = render_json(200, status_page(front_), envelope);
      break;
    case Route::Metrics:
      text = co_await metrics_page();
      text = render_text(200, "text/plain; version=0.0.4", text, envelope);
      break;
    default:
      text = lifecycle.accepts(steady_now())
                 ? render_json(200, models_page(front_.names, front_.started), envelope)
                 : render_error(unavailable(lifecycle), envelope);
  }
  const bool sent = co_await send(client_, text);
  co_return sent&& envelope.keep_alive;
}

Awaitable<std::string> Connection::metrics_page() {
  std::string engine_page;
  if (front_.lifecycle.started()) {
    Question question{front_.socket_path, "GET", "/metrics", "", Duration{1000}};
    const auto reply = co_await ask(std::move(question));
    if (reply && reply->status == 200) engine_page = reply->body;
  }
  co_return render(front_.metrics, front_.lifecycle.state(), engine_page);
}

}  // namespace slipway::agent

#include "runtime-images/agent/run/client.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/write.hpp>
#include <cerrno>

#include "runtime-images/agent/clock.hpp"
#include "runtime-images/agent/http/chunked.hpp"

namespace slipway::agent {
namespace {

using Body = tl::expected<std::string, http::HeadError>;

constexpr Duration kBodyPause{30'000};    // between two parts of a body
constexpr Duration kWritePause{120'000};  // for a part of an answer to be taken
constexpr std::size_t kFirstReserve = 1 << 20;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

tl::unexpected<http::HeadError> too_large() {
  return tl::unexpected(http::HeadError{413, "the body is larger than 33554432 bytes"});
}

tl::unexpected<http::HeadError> cut_short() {
  return tl::unexpected(http::HeadError{408, "the body did not come"});
}

Awaitable<Body> read_sized(Client& client, std::size_t size) {
  std::string body;
  body.reserve(std::min(size, kFirstReserve));
  for (;;) {
    const std::size_t part = std::min(size - body.size(), client.received.size());
    body.append(client.received, 0, part);
    client.received.erase(0, part);
    if (body.size() == size) co_return body;
    if (!co_await receive(client, kBodyPause)) co_return cut_short();
  }
}

Awaitable<Body> read_chunked(Client& client, std::size_t room) {
  std::string body;
  http::ChunkDecoder decoder;
  for (;;) {
    client.received.erase(0, decoder.feed(client.received, body));
    if (decoder.failed()) co_return tl::unexpected(http::HeadError{400, "a chunk is malformed"});
    if (body.size() > kMaxBody || body.size() > room) co_return too_large();
    if (decoder.done()) co_return body;
    if (!co_await receive(client, kBodyPause)) co_return cut_short();
  }
}

}  // namespace

Awaitable<bool> receive(Client& client, Duration within) {
  std::array<char, 16'384> buffer;
  error_code error;
  client.deadline = steady_now() + within;
  const std::size_t got = co_await client.socket.async_read_some(asio::buffer(buffer), into(error));
  client.deadline.reset();
  if (error) co_return false;
  client.received.append(buffer.data(), got);
  co_return true;
}

Awaitable<bool> send(Client& client, std::string_view bytes) {
  error_code error;
  client.deadline = steady_now() + kWritePause;
  co_await asio::async_write(client.socket, asio::buffer(bytes), into(error));
  client.deadline.reset();
  co_return !error;
}

Awaitable<Body> read_request_body(Client& client, const http::RequestHead& head,
                                  std::size_t buffered) {
  const std::size_t room = kMaxBuffered - std::min(buffered, kMaxBuffered);
  if (head.content_length.value_or(0) > kMaxBody) co_return too_large();
  if (head.content_length.value_or(0) > room)
    co_return tl::unexpected(http::HeadError{503, "too many large bodies at once"});
  if (head.expects_continue && client.received.empty()) {
    const bool sent = co_await send(client, kContinue);
    if (!sent) co_return cut_short();
  }
  if (head.chunked) co_return co_await read_chunked(client, room);
  co_return co_await read_sized(client, static_cast<std::size_t>(head.content_length.value_or(0)));
}

bool has_left(asio::ip::tcp::socket& socket) {
  char byte = 0;
  const ssize_t got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

}  // namespace slipway::agent

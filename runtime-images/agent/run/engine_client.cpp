#include "runtime-images/agent/run/engine_client.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <memory>

#include "runtime-images/agent/http/chunked.hpp"
#include "runtime-images/agent/http/head.hpp"

namespace slipway::agent {
namespace {

using Local = asio::local::stream_protocol;
constexpr std::size_t kMaxReply = 16 << 20;

// What has come of an answer; `body` and true once it is whole.
class ReplyReader {
 public:
  explicit ReplyReader(std::string_view method) : headless_(method == "HEAD") {}

  // False when it cannot become an answer.
  bool feed(std::string_view bytes) {
    received_.append(bytes);
    if (received_.size() + reply.body.size() > kMaxReply) return false;
    if (reply.status == 0 && !take_head()) return reply.status >= 0;
    if (chunked_) {
      decoder_.feed(received_, reply.body);
    } else {
      reply.body += received_;
    }
    received_.clear();
    return !decoder_.failed();
  }
  bool whole() const {
    if (reply.status <= 0) return false;
    return chunked_ ? decoder_.done() : length_ && reply.body.size() >= *length_;
  }
  // Whether an answer may end where the connection does.
  bool may_end() const { return reply.status > 0 && !chunked_ && !length_; }

  Reply reply;

 private:
  // False: not there yet, or (status below 0) never.
  bool take_head() {
    const auto parsed = http::parse_response(received_);
    if (!parsed) reply.status = -1;
    if (!parsed || !*parsed) return false;
    reply.status = (*parsed)->status;
    chunked_ = (*parsed)->chunked;
    length_ = (*parsed)->content_length;
    if (headless_ || !(*parsed)->has_body()) length_ = 0;
    received_.erase(0, (*parsed)->size);
    return true;
  }

  bool headless_;
  std::string received_;
  bool chunked_ = false;
  std::optional<std::uint64_t> length_;
  http::ChunkDecoder decoder_;
};

std::string render(const Question& question) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n",
                                 question.method, question.target);
  if (!question.body.empty())
    text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n",
                        question.body.size());
  return text + "\r\n" + question.body;
}

Awaitable<Outcome<Reply>> converse(Local::socket& socket, const Question& question) {
  error_code error;
  const Local::endpoint where(question.socket_path);
  co_await socket.async_connect(where, into(error));
  const std::string request = render(question);
  if (!error) co_await asio::async_write(socket, asio::buffer(request), into(error));
  ReplyReader reader(question.method);
  std::array<char, 16'384> buffer;
  while (!error && !reader.whole()) {
    const std::size_t got = co_await socket.async_read_some(asio::buffer(buffer), into(error));
    if (!error && !reader.feed({buffer.data(), got}))
      co_return refuse("Unreachable", "the engine's answer is not HTTP/1.1");
  }
  if (reader.whole() || (error == asio::error::eof && reader.may_end()))
    co_return std::move(reader.reply);
  co_return refuse("Unreachable", fmt::format("the engine does not answer {}: {}", question.target,
                                              error.message()));
}

}  // namespace

Awaitable<Outcome<Reply>> ask(Question question) {
  const auto executor = co_await asio::this_coro::executor;
  auto socket = std::make_shared<Local::socket>(executor);
  asio::steady_timer timer(executor, question.timeout);
  timer.async_wait([socket](error_code error) {
    error_code ignored;
    if (!error) ignored = socket->close(ignored);
  });
  co_return co_await converse(*socket, question);
}

}  // namespace slipway::agent

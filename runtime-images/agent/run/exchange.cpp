#include "runtime-images/agent/run/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/write.hpp>

#include "runtime-images/agent/clock.hpp"
#include "runtime-images/agent/run/request_rules.hpp"
#include "runtime-images/agent/run/response.hpp"

namespace slipway::agent {
namespace {

constexpr std::size_t kPart = std::size_t{64} * 1024;
constexpr int kClientLeft = 499;  // as nginx logs it

// Fields that belong to one connection, or that are written anew.
bool is_passed_on(std::string_view name) {
  static constexpr auto kOwn = std::to_array<std::string_view>(
      {"connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer",
       "transfer-encoding", "upgrade", "expect", "content-length", "host", "server", "date",
       "x-request-id"});
  return std::ranges::none_of(kOwn, [&](auto own) { return http::same_name(own, name); });
}

void add_fields(std::string& text, const http::Fields& fields) {
  // A field named by Connection is for that connection alone.
  for (const http::Field& field : fields.all)
    if (is_passed_on(field.name) && !fields.lists("connection", field.name))
      text.append(field.name).append(": ").append(field.value).append("\r\n");
}

}  // namespace

struct Exchange::Answer {
  int status = 0;
  bool sse = false;
  bool engine_chunked = false;
  bool client_chunked = false;
  std::optional<std::uint64_t> left;  // of a body with a length
  bool ends_with_connection = false;
  bool finished = false;
  bool ended = false;  // the engine closed
  http::ChunkDecoder decoder;
  http::EventCutter cutter;
  std::string out;  // to the client
};

// Outlives the exchange in the handler that waits for the client to go.
struct Exchange::Watch {
  Exchange* exchange;
};

Exchange::Exchange(Front& front, Client& client, const http::RequestHead& head,
                   RequestRecord& record)
    : front_(front),
      client_(client),
      head_(head),
      record_(record),
      engine_(client.socket.get_executor()),
      begin_(std::chrono::steady_clock::now()),
      keep_alive_(head.keep_alive) {
  front_.exchanges.insert(this);
  ++front_.metrics.running;
}

Exchange::~Exchange() {
  error_code ignored;
  if (watch_) {
    watch_->exchange = nullptr;
    ignored = client_.socket.cancel(ignored);
  }
  front_.exchanges.erase(this);
  front_.buffered -= counted_;
  --front_.metrics.running;
  ++front_.metrics.requests[record_.status];
  record_.tokens = usage_.counts();
  front_.metrics.count_tokens(record_.tokens);
  record_.seconds = seconds();
  front_.metrics.duration.observe(record_.seconds);
  front_.print(to_line(record_));
  front_.on_idle();
}

double Exchange::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

void Exchange::cut() {
  cut_ = true;
  error_code ignored;
  if (engine_.is_open())
    ignored = engine_.close(ignored);
  else
    ignored = client_.socket.cancel(ignored);
}

Awaitable<bool> Exchange::run() {
  if (!front_.lifecycle.accepts(steady_now())) {
    http::ApiError error = unavailable(front_.lifecycle);
    co_return co_await refused(std::move(error), false);
  }
  auto body = co_await read_request_body(client_, head_, front_.buffered);
  if (!body && cut_) co_return co_await lost(false, nullptr);
  if (!body) {
    http::ApiError error{body.error().status, "invalid_request_error", "", "", body.error().why};
    co_return co_await refused(std::move(error), false);
  }
  counted_ = body->size();
  front_.buffered += counted_;
  record_.bytes_in = body->size();
  const auto facts = read_body(*body);
  if (!facts) {
    http::ApiError error = facts.error();
    co_return co_await refused(std::move(error), keep_alive_);
  }
  record_.model = facts->model.value_or(front_.names.front()).substr(0, 256);
  record_.stream = facts->stream;
  if (auto error = check_model(*facts, front_.names))
    co_return co_await refused(std::move(*error), keep_alive_);
  watch_client();
  co_return co_await forward(std::move(*body));
}

Awaitable<bool> Exchange::refused(http::ApiError error, bool keep_alive) {
  record_.status = error.status;
  if (record_.outcome == "finished") record_.outcome = "refused";
  const std::string answer = render_error(error, {keep_alive, record_.id});
  record_.bytes_out = answer.size();
  const bool sent = co_await send(client_, answer);
  co_return sent&& keep_alive;
}

std::string Exchange::render_request(std::size_t body_size) const {
  std::string text = fmt::format(
      "POST {} HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n"
      "Content-Length: {}\r\nX-Request-Id: {}\r\n",
      head_.target, body_size, record_.id);
  add_fields(text, head_.fields);
  return text + "\r\n";
}

Awaitable<bool> Exchange::forward(std::string body) {
  error_code error;
  const asio::local::stream_protocol::endpoint where(front_.socket_path);
  co_await engine_.async_connect(where, into(error));
  if (!error) {
    const std::string request = render_request(body.size());
    const std::array<asio::const_buffer, 2> parts{asio::buffer(request), asio::buffer(body)};
    co_await asio::async_write(engine_, parts, into(error));
  }
  body = std::string();
  front_.buffered -= std::exchange(counted_, 0);
  if (error) co_return co_await lost(false, nullptr);
  const auto head = co_await read_head();
  if (!head) co_return co_await lost(false, nullptr);
  Answer answer;
  begin_answer(*head, answer);
  co_return co_await relay(answer);
}

Awaitable<std::optional<http::ResponseHead>> Exchange::read_head() {
  std::array<char, 16'384> buffer;
  for (;;) {
    error_code error;
    const std::size_t got = co_await engine_.async_read_some(asio::buffer(buffer), into(error));
    if (error) co_return std::nullopt;
    received_.append(buffer.data(), got);
    auto parsed = http::parse_response(received_);
    if (!parsed) co_return std::nullopt;
    if (!*parsed) continue;
    const std::size_t size = (*parsed)->size;
    const bool interim = (*parsed)->status < 200;
    // The head's views need a text of their own: what follows it is taken off `received_`.
    head_text_ = received_.substr(0, size);
    received_.erase(0, size);
    if (!interim) co_return *http::parse_response(head_text_);
  }
}

void Exchange::begin_answer(const http::ResponseHead& head, Answer& answer) {
  answer.status = record_.status = head.status;
  answer.sse = head.fields.find("content-type").value_or("").starts_with("text/event-stream");
  record_.stream = answer.sse;
  answer.engine_chunked = head.chunked;
  if (!head.chunked) answer.left = head.has_body() ? head.content_length : 0;
  answer.ends_with_connection = !head.chunked && !answer.left;
  answer.client_chunked = !answer.left && head_.minor == 1;
  // An old client learns the end of an unknown length from the connection's end.
  keep_alive_ = keep_alive_ && (answer.left || answer.client_chunked) && front_.lifecycle.ready();
  answer.out = fmt::format("HTTP/1.1 {} {}\r\n", head.status, http::reason_phrase(head.status));
  add_fields(answer.out, head.fields);
  answer.out += fmt::format("X-Request-Id: {}\r\nConnection: {}\r\n", record_.id,
                            keep_alive_ ? "keep-alive" : "close");
  if (answer.left)
    answer.out += fmt::format("Content-Length: {}\r\n\r\n", *answer.left);
  else
    answer.out += answer.client_chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n";
}

void Exchange::add_piece(Answer& answer, std::string_view piece) const {
  if (piece.empty()) return;
  if (answer.client_chunked) answer.out += http::chunk_head(piece.size());
  answer.out.append(piece);
  if (answer.client_chunked) answer.out += http::kChunkEnd;
}

// Moves what has come from the engine to what goes to the client. False: it makes no sense.
bool Exchange::take_piece(Answer& answer) {
  std::string piece;
  if (answer.engine_chunked) {
    answer.decoder.feed(received_, piece);
    answer.finished = answer.decoder.done();
  } else {
    piece.swap(received_);
    if (answer.left) {
      piece.resize(std::min<std::size_t>(piece.size(), *answer.left));
      *answer.left -= piece.size();
    }
    answer.finished = answer.left ? *answer.left == 0 : answer.ended;
  }
  received_.clear();
  usage_.feed(piece);
  const bool first = record_.first_byte_seconds < 0 && !piece.empty();
  if (first) record_.first_byte_seconds = seconds();
  if (answer.sse) piece = answer.cutter.feed(piece);
  add_piece(answer, piece);
  if (answer.finished) {
    add_piece(answer, answer.cutter.take_rest());
    if (answer.client_chunked) answer.out += http::kLastChunk;
  }
  if (first && answer.status == 200) {
    front_.metrics.first_byte.observe(record_.first_byte_seconds);
    if (answer.sse) front_.metrics.first_token.observe(record_.first_byte_seconds);
  }
  return !answer.decoder.failed();
}

Awaitable<bool> Exchange::flush(Answer& answer) {
  if (answer.out.empty()) co_return true;
  record_.bytes_out += answer.out.size();
  const bool sent = co_await send(client_, answer.out);
  answer.out.clear();
  if (!sent) left_ = true;
  co_return sent;
}

Awaitable<bool> Exchange::relay(Answer& answer) {
  std::string buffer(kPart, '\0');
  for (;;) {
    if (!take_piece(answer)) co_return co_await lost(true, &answer);
    if (!co_await flush(answer)) co_return co_await lost(true, &answer);
    if (answer.finished) co_return keep_alive_;
    error_code error;
    const std::size_t got = co_await engine_.async_read_some(asio::buffer(buffer), into(error));
    received_.append(buffer.data(), got);
    answer.ended = error == asio::error::eof && answer.ends_with_connection;
    if (error && !answer.ended) co_return co_await lost(true, &answer);
  }
}

http::ApiError Exchange::why_lost() const {
  if (cut_)
    return {503, "server_error", "pod_stopping", "",
            "the pod is being stopped and its time for running answers is over; try again"};
  return {502, "server_error", "engine_lost", "", "the engine ended while it was asked; try again"};
}

// The answer cannot be finished as it was meant.
Awaitable<bool> Exchange::lost(bool begun, const Answer* answer) {
  if (left_) {
    record_.status = kClientLeft;
    record_.outcome = "client_gone";
    co_return false;
  }
  record_.outcome = cut_ ? "cut" : "engine_lost";
  if (cut_) ++front_.metrics.streams_cut;
  http::ApiError why = why_lost();
  if (!begun) co_return co_await refused(std::move(why), false);
  // Without a last chunk, or short of its length, any other body is known to be incomplete.
  if (answer == nullptr || !answer->sse) co_return false;
  Answer last;
  last.client_chunked = answer->client_chunked;
  add_piece(last, http::to_event(why));
  if (last.client_chunked) last.out += http::kLastChunk;
  co_await flush(last);
  co_return false;
}

void Exchange::watch_client() {
  if (!watch_) watch_ = std::make_shared<Watch>(Watch{this});
  client_.socket.async_wait(asio::socket_base::wait_read, [watch = watch_](error_code error) {
    if (error || watch->exchange == nullptr) return;
    watch->exchange->client_left();
  });
}

// Something happened on the client's side: it left, or it sends its next request already.
void Exchange::client_left() {
  if (!has_left(client_.socket)) return;
  left_ = true;
  error_code ignored;
  ignored = engine_.close(ignored);
}

}  // namespace slipway::agent

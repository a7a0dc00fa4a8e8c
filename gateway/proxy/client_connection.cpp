#include "gateway/proxy/client_connection.hpp"

#include <fmt/format.h>

#include "gateway/http/write_head.hpp"
#include "gateway/proxy/clock.hpp"
#include "gateway/proxy/reactor.hpp"

namespace slipway::gateway {
namespace {

// A connection that waits for its next request keeps no more than this.
constexpr std::size_t kIdleBuffer = std::size_t{8} * 1024;
constexpr double kIdleSeconds = 75;  // between requests, as nginx
constexpr double kLingerSeconds = 2;
constexpr double kBodySeconds = 30;        // in which a body may rest
constexpr double kLeastBodyRate = 10'000;  // bytes a second, beyond that
constexpr double kHeadSeconds = 10;        // for a head that was begun: slow ones are an attack

using Framing = http::Body::Framing;

}  // namespace

ClientConnection::ClientConnection(Reactor& reactor, std::unique_ptr<Socket> client, Door door,
                                   std::size_t slot)
    : reactor_(reactor),
      client_(std::move(client)),
      door_(door),
      slot_(slot),
      address_(client_->peer()) {
  client_->set_owner(this);
  latest_ = Instant::max();
  set_deadline(kHeadSeconds);
}

ClientConnection::~ClientConnection() = default;

Instant ClientConnection::now() const {
  return reactor_.loop().now();
}

void ClientConnection::set_deadline(double seconds) {
  deadline_ = now() + from_seconds(seconds);
}

void ClientConnection::on_socket(Socket& socket, Ready ready) {
  if (stage_ == Stage::Closed) return;
  // Nobody is left to answer: the engine stops as soon as it sees its connection closed.
  if (&socket == client_.get() && ready.hung_up && under_way_) return give_up("client_gone");
  advance();
}

void ClientConnection::advance() {
  if (advancing_) return;
  advancing_ = true;
  // Others want to be served as well: a stream that never blocks gives way after some steps.
  int steps = 0;
  while (stage_ != Stage::Closed && step()) {
    if (++steps < 64 || stage_ == Stage::Closed) continue;
    // Once only: a second call could come after this is gone.
    if (!deferred_)
      reactor_.loop().defer([this] {
        deferred_ = false;
        advance();
      });
    deferred_ = true;
    break;
  }
  advancing_ = false;
}

bool ClientConnection::step() {
  if (!out_.empty() && !flush()) return false;
  switch (stage_) {
    case Stage::Head:
      return read_head();
    case Stage::Body:
      return read_body();
    case Stage::Connecting:
    case Stage::Sending:
      return send_request();
    case Stage::Waiting:
    case Stage::Relaying:
      return read_answer();
    case Stage::Answering:
      finish_record();
      return next_request();
    case Stage::Lingering:
      return linger();
    case Stage::Closed:
      return false;
  }
  return false;
}

bool ClientConnection::flush() {
  if (!client_->may_write()) return false;
  const Moved moved = client_->write(out_.view());
  if (moved.io == Io::Failed || moved.io == Io::Closed) {
    give_up("client_gone");
    return false;
  }
  out_.consume(moved.bytes);
  if (moved.bytes > 0) set_deadline(kIdleSeconds);  // slow, but not gone
  if (out_.empty()) out_.shrink(kIdleBuffer);
  return out_.empty();
}

bool ClientConnection::put(std::string_view first, std::string_view second) {
  if (out_.empty() && client_->may_write()) {
    const Moved moved = client_->write(first, second);
    if (moved.io == Io::Failed) {
      give_up("client_gone");
      return false;
    }
    const std::size_t of_first = std::min(moved.bytes, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(moved.bytes - of_first);
  }
  out_.append(first);
  out_.append(second);
  return true;
}

bool ClientConnection::read_head() {
  if (!in_.empty() && in_.size() != seen_) {
    const auto size =
        http::parse_request_head(in_.view(), seen_, reactor_.shared().head_limits, head_);
    if (!size) {
      begin_record();
      head_.method = http::Method::Other;  // not that of the request before
      return respond({size.error().status, size.error().reason, "bad_request"}, true);
    }
    // From the first byte of a head on there is less patience.
    if (seen_ == 0) set_deadline(kHeadSeconds);
    seen_ = in_.size();
    if (*size > 0) return take_head(*size);
  }
  if (!client_->may_read()) return false;
  // All that is there with one call: a buffer of its own takes no more room than that needs.
  const Moved moved = client_->read(reactor_.scratch(), Reactor::kScratch);
  in_.append({reactor_.scratch(), moved.bytes});
  if (moved.io == Io::Done) return true;
  if (moved.io != Io::Again) close();
  return false;
}

void ClientConnection::begin_record() {
  under_way_ = true;
  begun_ = now();
  record_ = {};
  record_.started = wall_clock();
  record_.client = address_;
}

bool ClientConnection::respond(const ApiError& error, bool close) {
  ++reactor_.counters().refused_by_class[static_cast<std::size_t>(error.status / 100)];
  if (*record_.error == '\0' && error.code != nullptr) record_.error = error.code;
  return respond(error.status, "application/json", to_json(error), close, error.retry_after);
}

bool ClientConnection::respond(int status, std::string_view type, std::string_view text, bool close,
                               std::int64_t retry_after) {
  close_after_ |= close;
  lingers_ |= close;
  record_.status = status;
  record_.bytes_out = text.size();
  const std::string seconds = std::to_string(retry_after);
  http::AddedField fields[3] = {{"content-type", type}};
  std::size_t count = 1;
  if (!record_.id.empty()) fields[count++] = {"x-request-id", record_.id};
  if (retry_after > 0) fields[count++] = {"retry-after", seconds};
  http::HeadChanges changes;
  changes.body = {Framing::Length, text.size()};
  changes.keep_alive = !close_after_ && !reactor_.draining();
  changes.set = std::span(fields).first(count);
  if (!changes.keep_alive) close_after_ = true;
  std::string head;
  http::append_own_head(head, status, head_.version, changes);
  stage_ = Stage::Answering;
  set_deadline(kIdleSeconds);
  return put(head, head_.method == http::Method::Head ? std::string_view{} : text);
}

// What came behind the request stays. The head's views are of no use any more.
void ClientConnection::release_request() {
  if (head_size_ == 0) return;
  in_.consume(head_size_ + (in_place_ ? head_.body.length : 0));
  in_.append(behind_.view());
  in_.shrink(kIdleBuffer);
  for (Buffer* buffer : {&large_body_, &behind_}) {
    buffer->clear();
    buffer->shrink(0);
  }
  keep_within_bounds();
  head_size_ = 0;
  in_place_ = false;
}

bool ClientConnection::next_request() {
  under_way_ = false;
  if (close_after_ || reactor_.draining()) {
    client_->say_goodbye();
    if (!lingers_) return close(), false;
    stage_ = Stage::Lingering;
    set_deadline(kLingerSeconds);
    return true;
  }
  release_request();
  seen_ = 0;
  served_ = true;
  routes_.reset();
  tenant_ = nullptr;
  latest_ = Instant::max();
  stage_ = Stage::Head;
  set_deadline(kIdleSeconds);
  return true;
}

void ClientConnection::finish_record() {
  settle();
  record_.seconds = seconds_of(steady_now() - begun_);
  if (door_ == Door::Clients) reactor_.log(record_);
  if (revision_) {
    revision_->counters->add(record_);
    revision_->retries.end();
  }
  revision_.reset();
}

void ClientConnection::give_up(const char* why) {
  if (stage_ == Stage::Closed) return;
  if (under_way_) {
    record_.error = why;
    record_.truncated = revision_ && relay_.has_head() && !relay_.ended();
    // Clients that go away or read nothing say nothing about the engine, nor does our own end.
    const std::string_view cause = why;
    const bool engine = cause == "engine_gone" || cause == "bad_answer" || cause == "idle_timeout";
    // Where the end of the answer is that of the connection, this must not look like one.
    if (record_.truncated && relay_.closes_client()) client_->cut_off();
    leave_endpoint(false, engine ? Attempt::Failed : Attempt::Succeeded);
    finish_record();
  }
  close();
}

void ClientConnection::close() {
  if (stage_ == Stage::Closed) return;
  leave_endpoint(false, Attempt::Succeeded);
  large_body_.clear();
  keep_within_bounds();
  stage_ = Stage::Closed;
  client_->set_owner(nullptr);
  reactor_.remove(*this);
}

// What is still sent is dropped, but not for ever: to close with unread bytes would reset the
// connection, and the client might never see the answer (RFC 9112 section 9.6).
bool ClientConnection::linger() {
  const Moved moved = client_->read(reactor_.scratch(), Reactor::kScratch);
  if (moved.io == Io::Again) return false;
  if (moved.io == Io::Done) return true;
  close();
  return false;
}

// A body has to come at some pace, or a few clients could keep much memory for hours.
bool ClientConnection::is_late(Instant now) const {
  if (now >= deadline_ || now >= latest_) return true;
  if (stage_ != Stage::Body) return false;
  const auto received = static_cast<double>(body_received());
  return now >= begun_ + from_seconds(kBodySeconds + received / kLeastBodyRate);
}

void ClientConnection::on_tick(Instant now) {
  // Who has only just been let in may still ask.
  const bool idle = stage_ == Stage::Head && in_.empty() && served_;
  if (reactor_.draining() && idle) return close();
  if (!is_late(now)) return;
  switch (stage_) {
    case Stage::Head:
    case Stage::Lingering:
      return close();
    case Stage::Answering:
      return give_up("client_slow");
    case Stage::Body:
      respond({408, "the body does not arrive", "timeout"}, true);
      break;
    case Stage::Connecting:
    case Stage::Sending:
    case Stage::Waiting:
      if (!endpoint_failed(stage_ == Stage::Connecting ? "connect_timeout" : "first_byte_timeout"))
        return;
      break;
    case Stage::Relaying:
      if (!out_.empty()) return give_up("client_slow");
      return give_up(now >= latest_ ? "total_timeout" : "idle_timeout");
    case Stage::Closed:
      return;
  }
  advance();
}

}  // namespace slipway::gateway

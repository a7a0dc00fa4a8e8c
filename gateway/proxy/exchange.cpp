// The side of a ClientConnection that faces an engine: choosing it, sending the request, passing
// its answer on.
#include <fmt/format.h>

#include "gateway/http/write_head.hpp"
#include "gateway/proxy/client_connection.hpp"
#include "gateway/proxy/reactor.hpp"

namespace slipway::gateway {
namespace {

constexpr int kMostAttempts = 3;

}  // namespace

bool ClientConnection::begin_exchange(const Routed& routed, std::uint64_t point) {
  const CompiledModel& model = routes_->snapshot().models[routed.model];
  record_.model = model.name;
  pool_ = routes_->choose(routed.model, point);
  if (pool_ == nullptr || pool_->endpoints.empty()) {
    return respond({503, fmt::format("no replica of {} answers at present", model.name),
                    "model_not_ready", nullptr, 1},
                   false);
  }
  record_.revision = pool_->revision->name;
  tried_.reset();
  write_request_head();
  return try_endpoint();
}

void ClientConnection::write_request_head() {
  const http::AddedField fields[] = {{"x-request-id", record_.id},
                                     {"x-forwarded-for", record_.client}};
  static constexpr std::string_view kKept[] = {"authorization", "x-api-key", "x-slipway-model"};
  http::HeadChanges changes;
  const bool has_body = head_.body.framing != http::Body::Framing::None;
  changes.body = {has_body ? http::Body::Framing::Length : http::Body::Framing::None,
                  body().size()};
  changes.set = fields;
  changes.remove = kKept;  // keys are the gateway's, not the engine's
  std::string target;
  if (!route_.model.empty() && route_.api == Api::Inference) {
    target = route_.path;
    if (!head_.query.empty()) target += '?', target += head_.query;
  }
  request_head_.clear();
  http::append_request_head(request_head_, head_, changes, target);
}

bool ClientConnection::try_endpoint() {
  endpoint_ = pick(*pool_, reactor_.random(), tried_.get());
  if (!endpoint_) return endpoint_failed("no_endpoint");
  ++record_.attempts;
  record_.endpoint = endpoint_->name();
  endpoint_->load().in_flight.fetch_add(1, std::memory_order_relaxed);
  ++reactor_.counters().in_flight;
  sent_ = 0;
  relay_.begin(head_.method, head_.version);
  upstream_ = endpoint_->take_idle();
  reused_ = upstream_ != nullptr;
  stage_ = Stage::Sending;
  if (!reused_) {
    upstream_ = endpoint_->connect();
    stage_ = Stage::Connecting;
  }
  if (!upstream_) return endpoint_failed("cannot_connect");
  upstream_->set_owner(this);
  const Timeouts& timeouts = routes_->snapshot().timeouts;
  set_deadline(stage_ == Stage::Connecting ? timeouts.connect.value_or(2)
                                           : timeouts.idle.value_or(300));
  return true;
}

// The endpoint has not said a word: it may be another one's turn. True: go on.
bool ClientConnection::endpoint_failed(const char* why) {
  // A kept connection may have been closed just now: the same endpoint deserves a fresh one.
  const bool was_kept = reused_ && stage_ != Stage::Connecting;
  tried_ = was_kept ? nullptr : endpoint_;
  leave_endpoint(false);
  const bool others = was_kept || pool_->endpoints.size() > 1;
  if (record_.attempts < kMostAttempts && others && now() < latest_) {
    ++reactor_.counters().retries;
    return try_endpoint();
  }
  record_.error = why;
  const bool late = std::string_view(why).ends_with("timeout");
  return respond(
      {late ? 504 : 502,
       fmt::format("{} of {} did not answer{}", record_.attempts > 1 ? "replicas" : "a replica",
                   record_.model, late ? " in time" : ""),
       late ? "upstream_timeout" : "upstream_error"},
      false);
}

void ClientConnection::leave_endpoint(bool reusable) {
  if (endpoint_) {
    endpoint_->load().in_flight.fetch_sub(1, std::memory_order_relaxed);
    --reactor_.counters().in_flight;
  }
  if (upstream_) {
    upstream_->set_owner(nullptr);
    if (reusable)
      endpoint_->keep(std::move(upstream_));
    else
      reactor_.loop().dispose(std::move(upstream_));
  }
  endpoint_.reset();
}

bool ClientConnection::send_request() {
  if (stage_ == Stage::Connecting) {
    if (!upstream_->may_write()) return false;
    if (upstream_->connect_failed()) return endpoint_failed("cannot_connect");
    stage_ = Stage::Sending;
    set_deadline(routes_->snapshot().timeouts.idle.value_or(300));
  }
  const std::string_view text = body();
  sent_size_ = request_head_.size() + text.size();
  while (sent_ < sent_size_) {
    if (!upstream_->may_write()) return false;
    const std::string_view head =
        std::string_view(request_head_).substr(std::min(sent_, request_head_.size()));
    const std::string_view rest =
        text.substr(sent_ > request_head_.size() ? sent_ - request_head_.size() : 0);
    const Moved moved = upstream_->write(head, rest);
    if (moved.io == Io::Again) return false;
    if (moved.io != Io::Done) break;  // perhaps it has answered, to refuse the rest
    sent_ += moved.bytes;
  }
  stage_ = Stage::Waiting;
  set_deadline(routes_->snapshot().timeouts.first_byte.value_or(600));
  return true;
}

bool ClientConnection::read_answer() {
  if (!upstream_->may_read()) return false;
  const Moved moved = upstream_->read(reactor_.scratch(), Reactor::kScratch);
  if (moved.io == Io::Again) return false;
  if (moved.io == Io::Done) return take_answer({reactor_.scratch(), moved.bytes});
  if (stage_ == Stage::Waiting) return endpoint_failed("reset");
  if (relay_.may_end_by_close() && moved.io == Io::Closed) return end_answer(false);
  give_up("engine_gone");
  return false;
}

bool ClientConnection::take_answer(std::string_view bytes) {
  const http::AddedField fields[] = {{"x-request-id", record_.id}};
  const bool first = !relay_.has_head();
  const bool keep = !close_after_ && !reactor_.draining();
  const auto piece = relay_.take(bytes, fields, keep);
  if (!piece) {
    if (first) return endpoint_failed("bad_answer");
    give_up("bad_answer");
    return false;
  }
  if (!relay_.has_head()) return true;
  const Timeouts& timeouts = routes_->snapshot().timeouts;
  set_deadline(timeouts.idle.value_or(300));
  if (first) {
    stage_ = Stage::Relaying;
    record_.status = relay_.status();
    record_.first_byte = std::chrono::duration<double>(now() - begun_).count();
    close_after_ |= !keep || relay_.closes_client();
    // From here on nothing is sent twice, so the request need not be kept.
    large_body_.clear();
    large_body_.shrink(0);
  }
  if ((!piece->head.empty() || !piece->body.empty()) && !put(piece->head, piece->body))
    return false;
  const bool sent_whole = sent_ == sent_size_;
  return relay_.ended() ? end_answer(relay_.engine_keeps_alive() && sent_whole) : true;
}

bool ClientConnection::end_answer(bool reusable) {
  record_.bytes_out = relay_.body_bytes();
  leave_endpoint(reusable);
  stage_ = Stage::Answering;
  set_deadline(routes_->snapshot().timeouts.idle.value_or(300));
  return true;
}

}  // namespace slipway::gateway

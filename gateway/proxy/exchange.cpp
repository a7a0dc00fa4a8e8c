// The side of a ClientConnection that faces an engine: choosing an endpoint, sending the request,
// passing the answer on.
#include <fmt/format.h>

#include <array>

#include "gateway/http/write_head.hpp"
#include "gateway/proxy/client_connection.hpp"
#include "gateway/proxy/reactor.hpp"

namespace slipway::gateway {
namespace {

constexpr int kMostAttempts = 3;
constexpr std::uint32_t kUsualAnswer = 256;  // tokens, where nothing is known
constexpr std::size_t kBytesPerToken = 4;

}  // namespace

bool ClientConnection::begin_exchange(const Routed& routed, const body::RequestFacts* facts) {
  record_.model = routes_->snapshot().models[routed.model].name;
  std::shared_ptr<RevisionState> chosen = choose(routed, facts);
  if (!chosen) return no_endpoint(NoPick::Empty);
  if (!admit(routed, facts)) return true;
  revision_ = std::move(chosen);
  revision_->retries.begin();
  record_.revision = revision_->revision;
  tried_.clear();
  connects_ = false;
  // Gone before it was asked for: the event was told while its head was waited for.
  if (client_->hung_up()) return give_up("client_gone"), false;
  look_up_prefix(facts);
  ask_for_usage(facts);
  write_request_head();
  return try_endpoint();
}

std::shared_ptr<RevisionState> ClientConnection::choose(const Routed& routed,
                                                        const body::RequestFacts* facts) {
  StickySources sources;
  if (facts != nullptr && facts->user) sources.user = *facts->user;
  if (facts != nullptr && facts->prompt_cache_key) sources.user = *facts->prompt_cache_key;
  if (tenant_ != nullptr) sources.key_id = tenant_->name;
  sources.random = reactor_.random();
  return routes_->choose(routed.model, sticky_key(sources));
}

void ClientConnection::look_up_prefix(const body::RequestFacts* facts) {
  links_.clear();
  answer_tokens_ = most_tokens(facts).value_or(kUsualAnswer);
  const auto prompt = static_cast<std::uint32_t>(record_.bytes_in / kBytesPerToken);
  // With one endpoint there is nothing to choose.
  if (facts != nullptr && revision_->upstreams.size() > 1) {
    const std::uint64_t seed = id_of(record_.tenant) ^ id_of(record_.model);
    for (const std::uint64_t hash : reactor_.scanner().prefix_hashes())
      links_.push_back(body::seeded(hash, seed));
  }
  prefix_ = revision_->pool.look_up(links_, prompt);
}

// A stream's tokens are known only if its engine is asked to count them.
void ClientConnection::ask_for_usage(const body::RequestFacts* facts) {
  splice_.reset();
  if (facts == nullptr || !facts->stream.value_or(false)) return;
  if (route_.path != "/v1/chat/completions" && route_.path != "/v1/completions") return;
  splice_ = body::ask_for_usage(*facts);
}

void ClientConnection::write_request_head() {
  const http::AddedField fields[] = {{"x-request-id", record_.id},
                                     {"x-forwarded-for", record_.client}};
  // An answer that is compressed cannot be read on its way.
  static constexpr std::string_view kKept[] = {"authorization", "x-api-key", "x-slipway-model",
                                               "accept-encoding"};
  http::HeadChanges changes;
  if (head_.body.framing != http::Body::Framing::None) {
    const std::int64_t growth = splice_ ? body::growth(*splice_) : 0;
    changes.body = {http::Body::Framing::Length,
                    body().size() + static_cast<std::uint64_t>(growth)};
  }
  changes.set = fields;
  changes.remove = kKept;  // keys are the gateway's, not the engine's
  std::string target;
  if (!route_.model.empty() && route_.api == Api::Inference) {
    target = route_.path;
    if (!head_.query.empty()) target.append("?").append(head_.query);
  }
  request_head_.clear();
  http::append_request_head(request_head_, head_, changes, target);
}

bool ClientConnection::no_endpoint(NoPick why) {
  if (*record_.error == '\0') record_.error = to_string(why);
  if (why == NoPick::AllBusy)
    return respond({503, fmt::format("every replica of {} is busy", record_.model),
                    "model_overloaded", nullptr, 1},
                   false);
  return respond({503, fmt::format("no replica of {} answers at present", record_.model),
                  "model_not_ready", nullptr, 1},
                 false);
}

bool ClientConnection::try_endpoint() {
  relay_.begin({head_.method, head_.version, splice_.has_value(), route_.api == Api::Inference});
  Ask ask;
  ask.prefix = prefix_;
  ask.answer_tokens = answer_tokens_;
  ask.random = reactor_.random();
  ask.tried = tried_;
  auto picked = pick(ask, revision_->pool, now());
  if (!picked) {
    end_retry();
    return no_endpoint(picked.error());
  }
  flight_ = picked->flight;
  revision_->pool.sent(prefix_, flight_, now());
  endpoint_ = revision_->upstreams.at(flight_.endpoint);
  ++record_.attempts;
  record_.endpoint = endpoint_->name();
  ++reactor_.counters().in_flight;
  sent_ = 0;
  upstream_ = connects_ ? nullptr : endpoint_->take_idle();
  reused_ = upstream_ != nullptr;
  stage_ = Stage::Sending;
  if (!reused_) {
    stage_ = Stage::Connecting;
    Upstream::Begun begun = endpoint_->connect();
    upstream_ = std::move(begun.socket);
    if (begun.exhausted) {  // which says nothing about the endpoint
      leave_endpoint(false, Attempt::Succeeded);
      record_.error = "no_descriptors";
      return respond({503, "too many connections", "overloaded", nullptr, 1}, false);
    }
  }
  if (!upstream_) return endpoint_failed("cannot_connect");
  upstream_->set_owner(this);
  const Timeouts& timeouts = routes_->snapshot().timeouts;
  set_deadline(stage_ == Stage::Connecting ? timeouts.connect.value_or(2)
                                           : timeouts.idle.value_or(300));
  return true;
}

// A kept connection may have been closed by its engine just when the request was sent: that is no
// failure of the engine, and the request gets a fresh connection, once. (An engine that crashed
// looks alike, the first time.)
bool ClientConnection::try_afresh() {
  connects_ = true;
  leave_endpoint(false, Attempt::Succeeded);
  ++reactor_.counters().retries;
  return try_endpoint();
}

bool ClientConnection::may_try_another() {
  if (record_.attempts >= kMostAttempts || now() >= latest_) return false;
  if (revision_->upstreams.size() <= tried_.size()) return false;
  return revision_->retries.try_retry(false);
}

// The endpoint has not said a word: it may be another one's turn. True: go on.
bool ClientConnection::endpoint_failed(const char* why) {
  const bool closed = std::string_view(why) == "reset" && stage_ != Stage::Connecting;
  if (reused_ && closed && !connects_ && now() < latest_) return try_afresh();
  tried_.push_back(flight_.endpoint);
  leave_endpoint(false, Attempt::Failed);
  if (may_try_another()) {
    retrying_ = true;
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

void ClientConnection::end_retry() {
  if (retrying_) revision_->retries.retry_ended();
  retrying_ = false;
}

void ClientConnection::leave_endpoint(bool reusable, Attempt attempt) {
  if (!endpoint_) return;
  revision_->pool.finished(flight_, attempt, now());
  end_retry();
  --reactor_.counters().in_flight;
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
  std::array<std::string_view, Socket::kMostPieces> pieces{request_head_, body()};
  if (splice_) {
    const std::string_view text = body();
    pieces = {request_head_, text.substr(0, splice_->at.offset), splice_->text,
              text.substr(splice_->at.offset + splice_->at.length)};
  }
  sent_size_ = 0;
  std::size_t skip = sent_;
  for (std::string_view& piece : pieces) {
    sent_size_ += piece.size();
    const std::size_t gone = std::min(skip, piece.size());
    piece.remove_prefix(gone);
    skip -= gone;
  }
  if (sent_ < sent_size_) {
    if (!upstream_->may_write()) return read_early_answer();
    const Moved moved = upstream_->write(pieces);
    if (moved.io == Io::Again) return read_early_answer();
    sent_ += moved.bytes;
    // Where it failed, the engine has perhaps answered, to refuse the rest.
    if (moved.io == Io::Done && sent_ < sent_size_) return true;
  }
  stage_ = Stage::Waiting;
  set_deadline(routes_->snapshot().timeouts.first_byte.value_or(600));
  return true;
}

// An engine may refuse a request that it has not read to its end.
bool ClientConnection::read_early_answer() {
  if (!upstream_->may_read()) return false;
  const Moved moved = upstream_->read(reactor_.scratch(), Reactor::kScratch);
  if (moved.io == Io::Again) return false;
  if (moved.io != Io::Done) return endpoint_failed("reset");
  stage_ = Stage::Waiting;
  return take_answer({reactor_.scratch(), moved.bytes});
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
  const bool first = !relay_.has_head();
  const bool keep = !close_after_ && !reactor_.draining();
  std::vector<std::pair<std::string, std::string>> limits;
  std::array<http::AddedField, 8> fields{{{"x-request-id", record_.id}}};
  std::size_t count = 1;
  if (first && metered_) limits = metered_->headers(now());
  for (const auto& [name, value] : limits)
    if (count < fields.size()) fields[count++] = {name, value};
  const auto piece = relay_.take(bytes, std::span(fields).first(count), keep);
  if (!piece) {
    if (first) return endpoint_failed("bad_answer");
    give_up("bad_answer");
    return false;
  }
  if (!relay_.has_head()) return true;
  set_deadline(routes_->snapshot().timeouts.idle.value_or(300));
  if (first && !begin_answer()) return true;
  if ((!piece->head.empty() || !piece->body.empty()) && !put(piece->head, piece->body))
    return false;
  const bool sent_whole = sent_ == sent_size_;
  return relay_.ended() ? end_answer(relay_.engine_keeps_alive() && sent_whole) : true;
}

// False: the answer is that the engine has no room, and another one is asked instead.
bool ClientConnection::begin_answer() {
  const int status = relay_.status();
  if (status == 503 || status == 429) {
    tried_.push_back(flight_.endpoint);
    end_retry();  // before another begins
    if (may_try_another()) {
      leave_endpoint(false, status >= 500 ? Attempt::Failed : Attempt::Succeeded);
      retrying_ = true;
      ++reactor_.counters().retries;
      return try_endpoint(), false;
    }
  }
  stage_ = Stage::Relaying;
  record_.status = status;
  record_.first_byte = seconds_of(now() - begun_);
  revision_->pool.first_byte(flight_, now());
  close_after_ |= reactor_.draining() || relay_.closes_client();
  // From here on nothing is sent twice, so a stream does not keep its request.
  release_request();
  return true;
}

bool ClientConnection::end_answer(bool reusable) {
  record_.bytes_out = relay_.body_bytes();
  leave_endpoint(reusable, relay_.status() >= 500 ? Attempt::Failed : Attempt::Succeeded);
  stage_ = Stage::Answering;
  set_deadline(routes_->snapshot().timeouts.idle.value_or(300));
  return true;
}

}  // namespace slipway::gateway

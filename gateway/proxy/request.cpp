// The side of a ClientConnection that faces the request: its head, its body, and what it asks for.
#include <fmt/format.h>

#include "crds/base/json.hpp"
#include "gateway/http/target.hpp"
#include "gateway/http/write_head.hpp"
#include "gateway/proxy/client_connection.hpp"
#include "gateway/proxy/reactor.hpp"

namespace slipway::gateway {
namespace {

constexpr std::size_t kModelsListed = 10000;

using Framing = http::Body::Framing;

std::string_view value_of(const http::RequestHead& head, std::string_view name) {
  const http::Field* field = http::find_field(head.fields, name);
  return field == nullptr ? std::string_view{} : field->value;
}

}  // namespace

bool ClientConnection::take_head(std::size_t size) {
  head_size_ = size;
  begin_record();
  routes_ = reactor_.routes();
  const Timeouts& timeouts = routes_->snapshot().timeouts;
  latest_ = begun_ + from_seconds(timeouts.total.value_or(7200));
  record_.method = head_.method_name;
  record_.path = head_.path;
  const std::string_view id = value_of(head_, "x-request-id");
  record_.id =
      !id.empty() && id.size() <= 128 ? std::string(id) : fmt::format("{:016x}", reactor_.random());
  if (!head_.keep_alive) close_after_ = true;
  const auto path = http::normalise_path(without_escaped_slashes(head_.path, plain_path_), path_);
  if (!path) return respond({path.error().status, path.error().reason, "bad_request"}, true);
  if (door_ == Door::Admin) return answer_admin(*path);
  route_ = api_route(head_.method, *path);

  // Before the body: a caller that is refused need not send megabytes for that.
  const std::string_view key = key_in_head();
  const KeyCheck check = reactor_.keys().check(key, routes_->snapshot(), record_.started);
  const bool brings_body = head_.body.framing != Framing::None;
  const auto tenant = authenticate(routes_->snapshot(), {check, key});
  if (!tenant) return respond(tenant.error(), brings_body);
  tenant_ = *tenant;
  if (tenant_ != nullptr) record_.tenant = tenant_->name;
  if (route_.api == Api::NoSuchPath)
    return respond({404, fmt::format("no such path: {}", record_.path.substr(0, 128)), "not_found"},
                   brings_body);
  if (route_.api == Api::NoSuchMethod)
    return respond({405, "this path has other methods", "method_not_allowed"}, brings_body);
  if (!brings_body) return dispatch();
  if (tenant_ == nullptr && !routes_->snapshot().has_open_model())
    return respond(key_needed(key), true);

  chunks_ = http::ChunkedDecoder({.body_bytes = reactor_.shared().head_limits.body_bytes});
  if (head_.expects_continue && in_.size() == head_size_ && !put(http::kContinue, {})) return false;
  stage_ = Stage::Body;
  set_deadline(timeouts.idle.value_or(300));
  in_place_ =
      head_.body.framing == Framing::Length && head_size_ + head_.body.length <= in_.capacity();
  if (in_place_) return true;
  if (head_.body.framing == Framing::Length) large_body_.reserve(head_.body.length);
  const std::string_view early = in_.view().substr(head_size_);
  in_.erase(head_size_, early.size());  // the bytes stay where they are for now
  return take_body(early);
}

// What is behind the body is the next request. True: go on.
bool ClientConnection::take_body(std::string_view bytes) {
  std::size_t taken = 0;
  if (head_.body.framing == Framing::Length) {
    taken = std::min<std::size_t>(bytes.size(), head_.body.length - large_body_.size());
    large_body_.append(bytes.substr(0, taken));
  }
  while (head_.body.framing == Framing::Chunked && taken < bytes.size() && !chunks_.ended()) {
    const auto step = chunks_.next(bytes.substr(taken));
    if (!step) return respond({step.error().status, step.error().reason, "bad_request"}, true);
    large_body_.append(step->payload);
    taken += step->consumed;
  }
  behind_.append(bytes.substr(taken));
  return true;
}

std::size_t ClientConnection::body_received() const {
  return in_place_ ? in_.size() - head_size_ : large_body_.size();
}

bool ClientConnection::has_body() const {
  if (head_.body.framing == Framing::Chunked) return chunks_.ended();
  return body_received() >= head_.body.length;
}

bool ClientConnection::receive_body() {
  const bool chunked = head_.body.framing == Framing::Chunked;
  Moved moved;
  if (chunked) {
    moved = client_->read(reactor_.scratch(), Reactor::kScratch);
  } else {
    // Straight to where it stays, and not a byte of what follows.
    Buffer& to = in_place_ ? in_ : large_body_;
    moved = client_->read(to.end(), static_cast<std::size_t>(head_.body.length) - body_received());
    to.commit(moved.bytes);
  }
  if (moved.io == Io::Again) return false;
  if (moved.io != Io::Done) return give_up("client_gone"), false;
  set_deadline(routes_->snapshot().timeouts.idle.value_or(300));
  return !chunked || take_body({reactor_.scratch(), moved.bytes});
}

// Many large bodies at once must not take all of the memory.
bool ClientConnection::keep_within_bounds() {
  const auto more = static_cast<std::ptrdiff_t>(large_body_.size() - kept_bytes_);
  kept_bytes_ = large_body_.size();
  return reactor_.keep_bytes(more);
}

bool ClientConnection::read_body() {
  if (!keep_within_bounds())
    return respond({503, "too many large requests at once", "overloaded", nullptr, 1}, true);
  if (has_body()) return dispatch();
  return client_->may_read() && receive_body();
}

std::string_view ClientConnection::body() const {
  return in_place_ ? in_.view().substr(head_size_, head_.body.length) : large_body_.view();
}

std::string_view ClientConnection::key_in_head() const {
  return key_in(value_of(head_, "authorization"), value_of(head_, "x-api-key"));
}

ModelNames ClientConnection::names(std::string_view body_model) const {
  return {route_.model, value_of(head_, "x-slipway-model"), body_model, head_.host};
}

bool ClientConnection::dispatch() {
  record_.bytes_in = body().size();
  if (route_.api != Api::Inference && route_.api != Api::Passed) return answer_itself();
  const body::RequestFacts* facts = nullptr;
  if (route_.api == Api::Inference) {
    body::BodyScanner& scanner = reactor_.scanner();
    scanner.reset();
    auto scanned = scanner.push(body());
    if (scanned) scanned = scanner.finish();
    if (!scanned)
      return respond({400,
                      fmt::format("the body is not acceptable at byte {}: {}",
                                  scanned.error().offset, scanned.error().what),
                      "invalid_json"},
                     false);
    facts = &scanner.facts();
  }
  std::string_view model;
  if (facts != nullptr && facts->model) model = *facts->model;
  const auto routed = decide(routes_->snapshot(), tenant_, names(model), key_in_head());
  if (!routed) return respond(routed.error(), false);
  return begin_exchange(*routed, facts);
}

std::string ClientConnection::models_page() const {
  Json data = Json::array();
  for (const std::string_view name : routes_->snapshot().callable(tenant_, kModelsListed))
    data.push_back({{"id", name}, {"object", "model"}, {"created", 0}, {"owned_by", "slipway"}});
  return Json{{"object", "list"}, {"data", std::move(data)}}.dump();
}

bool ClientConnection::answer_itself() {
  switch (route_.api) {
    case Api::ListModels:
      return respond(200, "application/json", models_page(), false);
    case Api::GetModel: {
      const auto routed = decide(routes_->snapshot(), tenant_, names({}), key_in_head());
      if (!routed) return respond(routed.error(), false);
      const Json model{{"id", routes_->snapshot().models[routed->model].name},
                       {"object", "model"},
                       {"created", 0},
                       {"owned_by", "slipway"}};
      return respond(200, "application/json", model.dump(), false);
    }
    case Api::Live:
      return respond(200, "application/json", "{\"live\":true}", false);
    default:
      return reactor_.draining() ? respond(503, "application/json", "{\"ready\":false}", true)
                                 : respond(200, "application/json", "{\"ready\":true}", false);
  }
}

bool ClientConnection::answer_admin(std::string_view path) {
  const bool brings_body = head_.body.framing != Framing::None;
  if (path == "/readyz" && reactor_.draining())
    return respond(503, "text/plain", "draining\n", brings_body);
  const auto page = reactor_.shared().page(path);
  if (!page) return respond(404, "text/plain", "no such page\n", brings_body);
  return respond(200, "text/plain; version=0.0.4", *page, brings_body);
}

}  // namespace slipway::gateway

#include "gateway/proxy/relay.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::gateway {
namespace {

using Framing = http::Body::Framing;

// The engine is trusted with the size of its answers, not with that of their framing.
http::ChunkedLimits answer_limits() {
  http::ChunkedLimits limits;
  limits.body_bytes = 1ULL << 62;
  limits.extension_bytes = 1ULL << 62;
  return limits;
}

}  // namespace

void Relay::begin(const Request& request) {
  request_ = request;
  has_head_ = ended_ = closes_client_ = overrun_ = false;
  body_bytes_ = 0;
  partial_.clear();
  form_ = Form::Other;
}

Relay::Form Relay::form_of_answer() const {
  if (!request_.read || head_.status >= 300) return Form::Other;
  const http::Field* type = http::find_field(head_.fields, "content-type");
  if (type == nullptr) return Form::Other;
  if (type->value.starts_with("text/event-stream")) return Form::Events;
  return type->value.starts_with("application/json") ? Form::Json : Form::Other;
}

std::optional<body::Usage> Relay::usage() const {
  if (form_ == Form::Events && events_.facts().has_usage) return events_.facts().usage;
  if (form_ == Form::Json && answer_.facts().has_usage) return answer_.facts().usage;
  return std::nullopt;
}

tl::expected<std::size_t, http::Refusal> Relay::find_head(std::string_view bytes) {
  static constexpr http::HeadLimits kLimits{};
  std::size_t at = 0;
  while (true) {
    const auto size =
        http::parse_response_head(bytes.substr(at), 0, request_.method, kLimits, head_);
    if (!size) return tl::unexpected(size.error());
    if (*size == 0) return 0;
    at += *size;
    // Interim answers are between the engine and the gateway.
    if (head_.status == 101) return http::refuse(502, "the engine changes the protocol");
    if (head_.status >= 200) return at;
  }
}

void Relay::write_head(std::span<const http::AddedField> added, bool keep_alive) {
  http::HeadChanges changes;
  changes.body = head_.body;
  changes.set = added;
  if (head_.body.framing == Framing::Chunked && request_.version == http::Version::Http10)
    changes.body = {Framing::UntilClose, 0};
  closes_client_ = changes.body.framing == Framing::UntilClose;
  changes.keep_alive = keep_alive && !closes_client_;
  http::append_response_head(written_, head_, request_.version, changes);
  left_ = head_.body.framing == Framing::Length ? head_.body.length : 0;
  chunks_ = http::ChunkedDecoder(answer_limits());
  form_ = form_of_answer();
  if (form_ == Form::Events) events_ = {};
  if (form_ == Form::Json) answer_.reset();
  cutting_ = request_.cut_usage && form_ == Form::Events && head_.body.framing == Framing::Chunked;
  event_.clear();
  ended_ =
      head_.body.framing == Framing::None || (head_.body.framing == Framing::Length && left_ == 0);
}

tl::expected<Relay::Piece, http::Refusal> Relay::take(std::string_view bytes,
                                                      std::span<const http::AddedField> added,
                                                      bool keep_alive) {
  written_.clear();
  std::size_t head = 0;
  if (!has_head_) {
    const bool continued = !partial_.empty();
    if (continued) {
      partial_ += bytes;
      bytes = partial_;
    }
    const auto size = find_head(bytes);
    if (!size) return tl::unexpected(size.error());
    if (*size == 0) {
      if (!continued) partial_ = bytes;
      return Piece{};
    }
    write_head(added, keep_alive);
    has_head_ = true;
    head = written_.size();
    bytes.remove_prefix(*size);
  }
  const auto body = take_body(bytes);
  if (!body) {
    if (head > 0) has_head_ = false;  // nothing of it was passed on
    return tl::unexpected(body.error());
  }
  return Piece{std::string_view(written_).substr(0, head), *body};
}

tl::expected<std::string_view, http::Refusal> Relay::take_body(std::string_view bytes) {
  if (ended_) {
    overrun_ |= !bytes.empty();
    return std::string_view{};
  }
  if (head_.body.framing == Framing::Chunked) return take_chunks(bytes);
  if (head_.body.framing == Framing::Length) bytes = take_length(bytes);
  body_bytes_ += bytes.size();
  look_at(bytes);
  return bytes;
}

std::string_view Relay::take_length(std::string_view bytes) {
  overrun_ |= bytes.size() > left_;
  bytes = bytes.substr(0, left_);
  left_ -= bytes.size();
  ended_ = left_ == 0;
  return bytes;
}

// Chunks are passed on as they are, unless something is cut out or the client does not know them.
tl::expected<std::string_view, http::Refusal> Relay::take_chunks(std::string_view bytes) {
  const std::size_t before = written_.size();
  const bool unpacks = request_.version == http::Version::Http10;
  std::string_view rest = bytes;
  while (!rest.empty() && !chunks_.ended()) {
    const auto step = chunks_.next(rest);
    if (!step) return tl::unexpected(http::Refusal{502, step.error().reason});
    body_bytes_ += step->payload.size();
    if (cutting_) {
      keep(step->payload);
    } else {
      look_at(step->payload);
      if (unpacks) written_ += step->payload;
    }
    rest.remove_prefix(step->consumed);
  }
  ended_ = chunks_.ended();
  overrun_ |= !rest.empty();
  if (!cutting_ && !unpacks) return bytes.substr(0, bytes.size() - rest.size());
  if (cutting_ && ended_) written_ += event_;
  if (cutting_ && !unpacks) write_kept(before);
  return std::string_view(written_).substr(before);
}

void Relay::look_at(std::string_view payload) {
  if (form_ == Form::Json) answer_.feed(payload);
  while (form_ == Form::Events && !payload.empty())
    payload.remove_prefix(events_.next(payload).consumed);
}

// Whole events only: an engine sends them whole, so this holds nothing back that it had to say.
void Relay::keep(std::string_view payload) {
  while (!payload.empty()) {
    const body::SseStep step = events_.next(payload);
    event_ += payload.substr(0, step.consumed);
    payload.remove_prefix(step.consumed);
    if (!step.event_ended) continue;
    if (step.kind != body::SseKind::UsageOnly) written_ += event_;
    event_.clear();
  }
}

// Makes a chunk of what was kept since `from`, and the last chunk at the end.
void Relay::write_kept(std::size_t from) {
  if (const std::size_t size = written_.size() - from; size > 0) {
    written_.insert(from, fmt::format("{:x}\r\n", size));
    written_ += "\r\n";
  }
  if (ended_) written_ += "0\r\n\r\n";
}

bool Relay::may_end_by_close() const {
  return has_head_ && (ended_ || head_.body.framing == Framing::UntilClose);
}

}  // namespace slipway::gateway

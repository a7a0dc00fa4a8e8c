#include "gateway/proxy/relay.hpp"

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

void Relay::begin(http::Method method, http::Version version) {
  method_ = method;
  version_ = version;
  has_head_ = ended_ = closes_client_ = overrun_ = false;
  body_bytes_ = 0;
  partial_.clear();
}

tl::expected<std::size_t, http::Refusal> Relay::find_head(std::string_view bytes) {
  static constexpr http::HeadLimits kLimits{};
  std::size_t at = 0;
  while (true) {
    const auto size = http::parse_response_head(bytes.substr(at), 0, method_, kLimits, head_);
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
  if (head_.body.framing == Framing::Chunked && version_ == http::Version::Http10)
    changes.body = {Framing::UntilClose, 0};
  closes_client_ = changes.body.framing == Framing::UntilClose;
  changes.keep_alive = keep_alive && !closes_client_;
  http::append_response_head(written_, head_, version_, changes);
  left_ = head_.body.framing == Framing::Length ? head_.body.length : 0;
  chunks_ = http::ChunkedDecoder(answer_limits());
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
  if (!body) return tl::unexpected(body.error());
  return Piece{std::string_view(written_).substr(0, head), *body};
}

tl::expected<std::string_view, http::Refusal> Relay::take_body(std::string_view bytes) {
  if (ended_) {
    overrun_ |= !bytes.empty();
    return std::string_view{};
  }
  switch (head_.body.framing) {
    case Framing::UntilClose:
      body_bytes_ += bytes.size();
      return bytes;
    case Framing::Length: {
      overrun_ |= bytes.size() > left_;
      bytes = bytes.substr(0, left_);
      left_ -= bytes.size();
      body_bytes_ += bytes.size();
      ended_ = left_ == 0;
      return bytes;
    }
    default:
      break;
  }
  // Chunks are passed on as they are; only a client of HTTP/1.0 needs them taken apart.
  const std::size_t before = written_.size();
  std::string_view rest = bytes;
  while (!rest.empty() && !chunks_.ended()) {
    const auto step = chunks_.next(rest);
    if (!step) return tl::unexpected(http::Refusal{502, step.error().reason});
    body_bytes_ += step->payload.size();
    if (version_ == http::Version::Http10) written_ += step->payload;
    rest.remove_prefix(step->consumed);
  }
  ended_ = chunks_.ended();
  overrun_ |= !rest.empty();
  if (version_ == http::Version::Http10) return std::string_view(written_).substr(before);
  return bytes.substr(0, bytes.size() - rest.size());
}

bool Relay::may_end_by_close() const {
  return has_head_ && (ended_ || head_.body.framing == Framing::UntilClose);
}

}  // namespace slipway::gateway

// What a request costs its tenant: admitted by estimate, settled by what was used.
#include "gateway/proxy/client_connection.hpp"
#include "gateway/proxy/reactor.hpp"

namespace slipway::gateway {
namespace {

LimitSpec spec_of(const LimitConfig& config) {
  LimitSpec spec;
  spec.requests_per_minute = config.requests_per_minute;
  spec.tokens_per_minute = config.tokens_per_minute;
  if (config.concurrency)
    spec.concurrent_requests = static_cast<std::uint32_t>(*config.concurrency);
  return spec;
}

}  // namespace

std::optional<std::uint32_t> most_tokens(const body::RequestFacts* facts) {
  if (facts == nullptr || !facts->max_tokens) return std::nullopt;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(*facts->max_tokens, UINT32_MAX));
}

// False: it has been answered with 429.
bool ClientConnection::admit(const Routed& routed, const body::RequestFacts* facts) {
  admitted_.reset();
  metered_.reset();
  if (routed.tenant == nullptr) return true;
  const LimitSpec spec = spec_of(routed.tenant->limits);
  if (spec == LimitSpec{}) return true;
  metered_ = reactor_.shared().limits.of(routed.tenant->name, record_.model, spec);
  const auto admitted =
      metered_->admit(record_.bytes_in, most_tokens(facts), now(), record_.started);
  if (admitted) {
    admitted_ = *admitted;
    return true;
  }
  metered_.reset();
  record_.error = to_string(admitted.error().limit);
  ++reactor_.counters().refused_by_class[4];
  const auto wait = admitted.error().retry_after;
  respond(429, "application/json", refusal_body(admitted.error()), false,
          wait ? retry_after_seconds(*wait) : 1);
  return false;
}

// What the request cost: as the engine says; where it was cut off, the prompt and what had come.
void ClientConnection::settle() {
  std::optional<Usage> used;
  const bool answered = revision_ != nullptr && relay_.has_head() && relay_.status() < 300;
  const auto told = answered ? relay_.usage() : std::nullopt;
  if (told) {
    used = Usage{static_cast<std::uint32_t>(told->prompt_tokens.value_or(0)),
                 static_cast<std::uint32_t>(told->completion_tokens.value_or(0))};
  } else if (answered && admitted_) {
    used = used_when_aborted(admitted_->reserved, static_cast<std::uint32_t>(relay_.events()));
    record_.estimated = true;
  }
  if (used) {
    record_.prompt_tokens = used->prompt;
    record_.answer_tokens = used->answer;
  }
  if (admitted_)
    metered_->settle(*admitted_, used, told.has_value(), record_.bytes_in, now(), record_.started);
  admitted_.reset();
  metered_.reset();
}

}  // namespace slipway::gateway

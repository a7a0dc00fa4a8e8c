#include "gateway/limits/admission.hpp"

#include <algorithm>
#include <cmath>

#include "crds/base/check.hpp"
#include "crds/base/json.hpp"

namespace slipway::gateway {

namespace {

// The full buckets of all replicas hold a minute's worth, and each one unit at least.
Rate per_minute(const std::optional<double>& limit, double share, std::uint32_t replicas) {
  const double units = limit.value_or(0);
  return {units * share / 60, units > 0 ? std::max(1.0, units / replicas) : 0};
}

Instant until(Time end, Time wall) {
  return std::chrono::duration_cast<Instant>(std::max(Duration{}, end - wall));
}

// As OpenAI's API writes spans: "12ms", "1s", "6m0s".
std::string span_text(Instant span) {
  const std::int64_t ms = std::chrono::ceil<std::chrono::milliseconds>(span).count();
  if (ms < 1000) return std::to_string(ms) + "ms";
  const std::int64_t all = (ms + 999) / 1000;
  if (all < 60) return std::to_string(all) + "s";
  return std::to_string(all / 60) + "m" + std::to_string(all % 60) + "s";
}

const char* message_of(Limit limit) {
  switch (limit) {
    case Limit::Requests:
      return "too many requests a minute";
    case Limit::Tokens:
      return "too many tokens a minute";
    case Limit::Concurrency:
      return "too many requests at a time";
    case Limit::Quota:
      return "the token quota of this period is used up";
  }
  return "?";
}

}  // namespace

const char* to_string(Limit limit) {
  switch (limit) {
    case Limit::Requests:
      return "requests";
    case Limit::Tokens:
      return "tokens";
    case Limit::Concurrency:
      return "concurrency";
    case Limit::Quota:
      return "quota";
  }
  return "?";
}

Rate TenantLimits::requests() const {
  return per_minute(spec_.requests_per_minute, share_, replicas_);
}
Rate TenantLimits::tokens() const {
  return per_minute(spec_.tokens_per_minute, share_, replicas_);
}

std::optional<Refused> TenantLimits::check(const Usage& estimate, Instant now, Time wall) {
  if (spec_.requests_per_minute) {
    const Instant wait = requests_.wait_for(1, requests(), now);
    if (wait > Instant{}) return Refused{Limit::Requests, wait};
  }
  if (spec_.tokens_per_minute) {
    const Instant wait = tokens_.wait_for(estimate.total(), tokens(), now);
    if (wait > Instant{}) return Refused{Limit::Tokens, wait};
  }
  if (spec_.concurrent_requests && under_way_ >= *spec_.concurrent_requests)
    return Refused{Limit::Concurrency, std::nullopt};
  if (spec_.quota && !quota_.left(*spec_.quota, wall))
    return Refused{Limit::Quota, until(period_end(spec_.quota->period, wall), wall)};
  return std::nullopt;
}

tl::expected<Admitted, Refused> TenantLimits::admit(const Usage& estimate, Instant now, Time wall) {
  demand_ += spec_.tokens_per_minute ? estimate.total() : 1;
  if (auto refused = check(estimate, now, wall)) return tl::unexpected(*refused);
  requests_.charge(1, requests(), now);
  tokens_.charge(estimate.total(), tokens(), now);
  ++under_way_;
  return Admitted{estimate};
}

void TenantLimits::settle(const Admitted& admitted, const std::optional<Usage>& used, Instant now,
                          Time wall) {
  SLIPWAY_CHECK(under_way_ > 0, "an admitted request is settled once");
  --under_way_;
  const Usage paid = used.value_or(Usage{});
  tokens_.charge(static_cast<double>(paid.total()) - admitted.reserved.total(), tokens(), now);
  if (spec_.tokens_per_minute && used)
    demand_ += static_cast<double>(paid.total()) - admitted.reserved.total();
  if (spec_.quota) quota_.add(*spec_.quota, paid.total(), wall);
}

void TenantLimits::lease(double share, std::uint32_t replicas, Instant now) {
  const Rate requests_before = requests();
  const Rate tokens_before = tokens();
  share_ = std::clamp(share, 0.0, 1.0);
  replicas_ = std::max(1U, replicas);
  requests_.rescale(requests_before, requests(), now);
  tokens_.rescale(tokens_before, tokens(), now);
}

double TenantLimits::take_demand() {
  return std::exchange(demand_, 0);
}

std::vector<std::pair<std::string, std::string>> TenantLimits::headers(Instant now) const {
  std::vector<std::pair<std::string, std::string>> headers;
  const auto add = [&](const char* what, double limit, const Gcra& bucket, const Rate& rate) {
    const auto whole = [](double units) {
      return std::to_string(static_cast<std::int64_t>(std::max(0.0, std::floor(units))));
    };
    const std::string name = "x-ratelimit-";
    headers.emplace_back(name + "limit-" + what, whole(limit));
    headers.emplace_back(name + "remaining-" + what, whole(bucket.available(rate, now)));
    headers.emplace_back(name + "reset-" + what, span_text(bucket.until_full(now)));
  };
  if (spec_.requests_per_minute) add("requests", *spec_.requests_per_minute, requests_, requests());
  if (spec_.tokens_per_minute) add("tokens", *spec_.tokens_per_minute, tokens_, tokens());
  return headers;
}

std::int64_t retry_after_seconds(Instant wait) {
  return std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(wait).count());
}

std::string refusal_body(const Refused& refused) {
  const bool quota = refused.limit == Limit::Quota;
  Json error;
  error["message"] = message_of(refused.limit);
  error["type"] = quota ? "insufficient_quota" : to_string(refused.limit);
  error["param"] = nullptr;
  error["code"] = quota ? "insufficient_quota" : "rate_limit_exceeded";
  Json body;
  body["error"] = std::move(error);
  return body.dump();
}

}  // namespace slipway::gateway

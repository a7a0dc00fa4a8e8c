// Whether a tenant's request to a model is let in, and what it pays: limits of requests and tokens
// a minute, of requests at a time, and a calendar quota. Tokens are reserved by estimate and
// settled by what was used. Pure: times come in; one `TenantLimits` for each tenant and model, used
// by one thread at a time.
//
// An `Admitted` is settled exactly once: by usage, by what an aborted stream got, or by nothing
// (the engine was never reached).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "crds/base/time.hpp"
#include "gateway/instant.hpp"
#include "gateway/limits/gcra.hpp"
#include "gateway/limits/quota.hpp"
#include "gateway/limits/token_estimate.hpp"

namespace slipway::gateway {

// nullopt: no such limit.
struct LimitSpec {
  std::optional<double> requests_per_minute{};
  std::optional<double> tokens_per_minute{};
  std::optional<std::uint32_t> concurrent_requests{};
  std::optional<QuotaSpec> quota{};

  bool operator==(const LimitSpec&) const = default;
};

enum class Limit { Requests, Tokens, Concurrency, Quota };
const char* to_string(Limit limit);

// The first limit, in this order, that the request breaks. Nothing was taken from any.
struct Refused {
  Limit limit = Limit::Requests;
  std::optional<Instant> retry_after;  // nullopt: when another request ends
};

struct Admitted {
  Usage reserved;
};

class TenantLimits {
 public:
  explicit TenantLimits(const LimitSpec& spec) : spec_(spec) {}

  tl::expected<Admitted, Refused> admit(const Usage& estimate, Instant now, Time wall);
  // `used`: as the engine reported, or see `used_when_aborted`; nullopt: the engine never began.
  void settle(const Admitted& admitted, const std::optional<Usage>& used, Instant now, Time wall);

  // This replica's part of the limits' rates, in [0, 1], and how many replicas there are; see
  // lease.hpp. Bursts are divided equally, so that a share that moves neither fills nor empties a
  // bucket.
  void lease(double share, std::uint32_t replicas, Instant now);

  // Tokens, or requests where tokens are not limited, that were asked for since this was called
  // last, let in or not: what the shares are divided by, as a mean over some seconds. Estimates are
  // put right when usage is known, so that a single value may be negative.
  double take_demand();

  // The x-ratelimit-* headers, as OpenAI's API names them, for the limits that there are.
  std::vector<std::pair<std::string, std::string>> headers(Instant now) const;

 private:
  Rate requests() const;
  Rate tokens() const;
  std::optional<Refused> check(const Usage& estimate, Instant now, Time wall);

  const LimitSpec spec_;
  double share_ = 1;
  std::uint32_t replicas_ = 1;
  Gcra requests_;
  Gcra tokens_;
  Quota quota_;
  std::uint32_t under_way_ = 0;
  double demand_ = 0;
};

// `Retry-After` in whole seconds, rounded up, at least 1.
std::int64_t retry_after_seconds(Instant wait);
// The body of a 429, as OpenAI's API shapes it.
std::string refusal_body(const Refused& refused);

}  // namespace slipway::gateway

// The limits of all tenants, shared by a gateway's reactors. Each is locked for the moment in which
// it is asked or told.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "gateway/limits/admission.hpp"

namespace slipway::gateway {

// One tenant's use of one model.
class Metered {
 public:
  explicit Metered(const LimitSpec& spec) : limits_(spec) {}

  // `prompt_bytes` of a body, of which the answer may have `max_tokens`.
  tl::expected<Admitted, Refused> admit(std::size_t prompt_bytes,
                                        std::optional<std::uint32_t> max_tokens, Instant now,
                                        Time wall);
  // As TenantLimits::settle; what the engine reported is learnt from.
  void settle(const Admitted& admitted, const std::optional<Usage>& used, bool reported,
              std::size_t prompt_bytes, Instant now, Time wall);
  std::vector<std::pair<std::string, std::string>> headers(Instant now) const;

 private:
  mutable std::mutex mutex_;
  TenantLimits limits_;     // guarded by mutex_
  TokenEstimate estimate_;  // guarded by mutex_
};

class LimitTable {
 public:
  // The same for the same tenant, model and limits; where limits change, counting begins anew.
  std::shared_ptr<Metered> of(const std::string& tenant, const std::string& model,
                              const LimitSpec& spec);

 private:
  struct Slot {
    LimitSpec spec;
    std::shared_ptr<Metered> metered;
  };
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Slot> slots_;  // guarded by mutex_
};

}  // namespace slipway::gateway

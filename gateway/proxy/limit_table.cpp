#include "gateway/proxy/limit_table.hpp"

namespace slipway::gateway {

tl::expected<Admitted, Refused> Metered::admit(std::size_t prompt_bytes,
                                               std::optional<std::uint32_t> max_tokens, Instant now,
                                               Time wall) {
  const std::lock_guard lock(mutex_);
  return limits_.admit(estimate_.before(prompt_bytes, max_tokens), now, wall);
}

void Metered::settle(const Admitted& admitted, const std::optional<Usage>& used, bool reported,
                     std::size_t prompt_bytes, Instant now, Time wall) {
  const std::lock_guard lock(mutex_);
  limits_.settle(admitted, used, now, wall);
  if (used && reported) estimate_.learn(prompt_bytes, *used);
}

std::vector<std::pair<std::string, std::string>> Metered::headers(Instant now) const {
  const std::lock_guard lock(mutex_);
  return limits_.headers(now);
}

std::shared_ptr<Metered> LimitTable::of(const std::string& tenant, const std::string& model,
                                        const LimitSpec& spec) {
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[{tenant, model}];
  if (!slot.metered || !(slot.spec == spec)) slot = {spec, std::make_shared<Metered>(spec)};
  return slot.metered;
}

}  // namespace slipway::gateway

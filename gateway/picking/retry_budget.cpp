#include "gateway/picking/retry_budget.hpp"

#include <algorithm>

#include "crds/base/check.hpp"

namespace slipway::gateway {

double RetryBudget::allowed() const {
  return std::max(kAtLeast, kShare * active_);
}

void RetryBudget::begin() {
  ++active_;
  balance_ = std::min(balance_ + kShare, std::max(kReserve, allowed()));
}

void RetryBudget::end() {
  SLIPWAY_CHECK(active_ > 0, "every end has its begin");
  --active_;
}

bool RetryBudget::try_retry(bool first_byte_seen) {
  if (first_byte_seen || balance_ < 1 || retrying_ + 1 > allowed()) return false;
  balance_ -= 1;
  ++retrying_;
  return true;
}

void RetryBudget::retry_ended() {
  SLIPWAY_CHECK(retrying_ > 0, "a retry ends once");
  --retrying_;
}

}  // namespace slipway::gateway

// Who of several replicas may write. The executor asks before a decision is carried out, and the
// transport again right before the bytes of a write leave. Thread-safe.
#pragma once

#include <cstdint>

#include "crds/base/time.hpp"

namespace slipway {

class Leadership {
 public:
  virtual ~Leadership() = default;

  // Whether a write may leave now (monotonic): false once the lease could be somebody else's
  // before the server has finished with it.
  virtual bool may_write(Duration now) const = 0;
  // Grows with every change of leaders; carried by what we write anyway.
  virtual std::int64_t epoch() const = 0;
  // A child bears a higher epoch than ours: either another replica leads, or the lease was deleted
  // and counts anew. Nothing may be written until the lease itself has told which.
  virtual void outgrow(std::int64_t epoch) = 0;
};

// One replica, no lease.
class SoleLeader : public Leadership {
 public:
  bool may_write(Duration) const override { return true; }
  std::int64_t epoch() const override { return 0; }
  void outgrow(std::int64_t) override {}
};

}  // namespace slipway

// The only place where time comes from. Pure code gets a `Moment` handed in; shells hold a
// `Clock`. The simulator has its own.
#pragma once

#include <optional>

#include "crds/base/time.hpp"

namespace slipway {

struct Moment {
  Time wall;             // what is written into objects
  Duration monotonic{};  // what waiting is measured by: never jumps, from any fixed start
};

// The earlier of two times that may not be set; nullopt if neither is.
std::optional<Duration> sooner(std::optional<Duration> a, std::optional<Duration> b);

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Moment now() const = 0;  // from any thread
};

class SystemClock : public Clock {
 public:
  Moment now() const override;
};

}  // namespace slipway

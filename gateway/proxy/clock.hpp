// The one place where the gateway reads the wall clock.
#pragma once

#include "crds/base/time.hpp"

namespace slipway::gateway {

Time wall_clock();

}  // namespace slipway::gateway

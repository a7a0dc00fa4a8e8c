// The agent's one reader of clocks. Pure code gets a `Time`; shells read it here.
#pragma once

#include "crds/base/time.hpp"

namespace slipway::agent {

// Wall-clock UTC, for what people read: logs and manifests.
Time wall_now();

// A clock that never jumps, for deadlines and durations; its epoch means nothing.
Time steady_now();

}  // namespace slipway::agent

// Decides what the cluster should look like for one InferenceService.
#pragma once

#include "reconcilers/inference_service/observe.hpp"
#include "reconcilers/plan.hpp"

namespace slipway::inference_service {

// Pure: same `seen` and `now` give the same plan; the executor does the I/O.
Plan plan(const Observed& seen, Time now);

}  // namespace slipway::inference_service

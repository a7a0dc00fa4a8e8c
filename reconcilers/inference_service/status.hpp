// What `kubectl get` and `kubectl describe` say about a service: a function of what was seen, so
// that it tells the truth after any crash.
#pragma once

#include <vector>

#include "reconcilers/inference_service/course.hpp"
#include "reconcilers/plan.hpp"

namespace slipway::inference_service {

InferenceServiceStatus status_of(const Observed& seen, const Course& course, Time now);

// The Events that the step from `before` to `after` is worth: once per cause.
std::vector<Announce> news(const InferenceService& owner, const InferenceServiceStatus& after);

}  // namespace slipway::inference_service

// Which ModelVersions an InferenceService refers to.
#pragma once

#include <set>
#include <string>

#include "crds/types/inference_service.hpp"

namespace slipway {

// The versions that its spec or its status names: asked for, resolved, still serving.
std::set<std::string> models_used_by(const InferenceService& service);

}  // namespace slipway

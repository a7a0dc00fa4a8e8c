// The one entry point of the decision core: from what is known to what shall be done.
#pragma once

#include <optional>

#include "crds/base/result.hpp"
#include "reconcilers/plan.hpp"
#include "reconcilers/snapshots.hpp"

namespace slipway {

// What the operator was started with and every plan may depend on.
struct Settings {
  std::string agent_image;  // holds /usr/bin/slipway-agent
};

// The last write of this key that the API server refused for a reason that trying again does not
// cure by itself (quota, admission, a namesake). Kept by the controller until a plan succeeds.
struct Refusal {
  ObjectRef object;
  Error error;
};

// Pure: the same inputs give the same plan. An object that is gone or being deleted gives an
// empty plan: its children go with it by their owner references.
Plan reconcile(const Key& key, const Snapshots& snapshots, const Settings& settings,
               const std::optional<Refusal>& refusal, Time now);

}  // namespace slipway

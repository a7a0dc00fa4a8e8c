// Which revision serves, and which is to follow: the part of planning that must never be wrong,
// because the Service selects what is decided here. The live Service is the memory: whatever it
// selects is stable, so a crash between any two writes loses nothing.
#pragma once

#include <optional>
#include <string>

#include "reconcilers/inference_service/diagnose.hpp"
#include "reconcilers/inference_service/observe.hpp"
#include "reconcilers/inference_service/revision.hpp"

namespace slipway::inference_service {

struct Course {
  std::optional<Revision> wanted;  // what the spec asks for; absent: `unresolved` says why
  std::optional<Unresolved> unresolved;
  std::string selected;  // revision that the live Service selects; empty: there is no Service
  std::string stable;    // `selected`, or while the Service is missing what the status remembers;
                         // it has a Deployment, or it is empty
  std::string serve;     // revision that the Service shall select; empty: none yet

  // True while the asked-for revision is not the one that is to serve.
  bool replacing() const { return wanted && !serve.empty() && serve != wanted->hash; }
};

Course choose_course(const Observed& seen);

// How many replicas `revision_hash` should have when the spec is `seen.owner`'s: the lower bound,
// or as many as the revision that it follows has now.
int wanted_replicas(const Observed& seen, const Course& course);

}  // namespace slipway::inference_service

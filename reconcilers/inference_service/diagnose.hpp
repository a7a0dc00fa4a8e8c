// What stands between a revision and its first answer: the first cause found, in the terms of the
// user's own objects, with the number that did not fit.
#pragma once

#include <optional>
#include <string>

#include "reconcilers/inference_service/observe.hpp"
#include "reconcilers/inference_service/revision.hpp"

namespace slipway::inference_service {

struct Problem {
  std::string reason;   // CamelCase, for programs: ImagePull, DigestMismatch, OutOfMemory ...
  std::string message;  // a sentence for people

  bool operator==(const Problem&) const = default;
};

// How far the pods of a revision are.
struct Progress {
  enum class Stage { Pending, Downloading, Loading, Ready };
  Stage stage = Stage::Pending;  // of the pod that is furthest
  int pods = 0;                  // that are not being deleted
  int ready = 0;
};
Progress progress_of(const Observed& seen, std::string_view revision_hash);

// Looks at the Deployment and the pods of one revision.
std::optional<Problem> diagnose(const Observed& seen, const Revision& revision);

// What the API server refused, told as a problem of this service.
Problem problem_of(const Refusal& refusal);

}  // namespace slipway::inference_service

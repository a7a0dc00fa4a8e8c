// The children of an InferenceService, as complete desired objects. Every member that the server
// would default is written out, so that what is stored equals what was sent.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "crds/base/json.hpp"
#include "crds/types/inference_service.hpp"
#include "reconcilers/inference_service/revision.hpp"

namespace slipway::inference_service {

struct ReplicaBounds {
  int min = 1;
  int max = 1;
  bool autoscaled() const { return min < max; }
  // An HPA never goes below one replica.
  int autoscaled_min() const { return std::max(min, 1); }
  int clamped(int replicas) const { return std::clamp(replicas, autoscaled_min(), max); }
};
ReplicaBounds replica_bounds(const InferenceServiceSpec& spec);

std::string deployment_name(const InferenceService& owner, std::string_view revision_hash);

// The ModelVersion made for spec.model.uri.
Json render_model_version(const InferenceService& owner, const Revision& revision);
// `replicas` is left out where an HPA sets it.
Json render_deployment(const InferenceService& owner, const Revision& revision,
                       std::optional<int> replicas);
// The part of the Deployment that the scale manager owns (see plan.hpp).
Json render_scale(const InferenceService& owner, std::string_view revision_hash, int replicas);
// Selects the pods of one revision, so that a plain client never meets another one.
Json render_service(const InferenceService& owner, std::string_view revision_hash);
Json render_autoscaler(const InferenceService& owner, std::string_view revision_hash);
Json render_disruption_budget(const InferenceService& owner);

// The pod's spec and the labels and annotations of its template.
Json render_pod_template(const InferenceService& owner, const Revision& revision);

// Labels that every child carries; the revision is left out when empty.
Json child_labels(const InferenceService& owner, std::string_view revision_hash);
// metadata of a child: name, namespace, labels, owner.
Json child_metadata(const InferenceService& owner, const std::string& name,
                    std::string_view revision_hash);

}  // namespace slipway::inference_service

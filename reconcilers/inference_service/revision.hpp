// A revision is what a pod is made from: the model's bytes, the runtime's content, engine options,
// device, pod override. Any change of it is another revision and another Deployment; scaling,
// access and logging are not.
//
// Its name is a hash of what the user asked for. What was looked up for it (runtime content, agent
// image, device) is pinned in an annotation of its Deployment: editing a runtime or upgrading the
// operator restarts nothing.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reconcilers/gpu/decide.hpp"
#include "reconcilers/inference_service/observe.hpp"
#include "reconcilers/inference_service/runtime_choice.hpp"

namespace slipway::inference_service {

// Looked up once, when the revision was made.
struct Pinned {
  Runtime runtime;
  std::string agent_image;
  std::optional<gpu::Grant> gpu;

  bool operator==(const Pinned&) const = default;
};

struct Revision {
  std::string hash;
  std::string model_name;  // of the ModelVersion
  ModelVersionSource source;
  std::string digest;  // "sha256:…"; empty: pinned by whoever fetches first
  Pinned pinned;
  std::string format;  // of the model; empty: not known yet
};

// Why no revision can be made at all.
struct Unresolved {
  std::string reason;
  std::string message;
};

// The revision that the spec asks for now.
std::variant<Revision, Unresolved> desired_revision(const Observed& seen);

// True if the spec would get another runtime content than the one that is pinned.
bool update_available(const Observed& seen, const Revision& revision);

// The annotation's text carries a checksum: an edited one is not believed (nullopt), and the
// revision is looked up afresh.
std::string encode_pinned(const Pinned& pinned);
std::optional<Pinned> decode_pinned(const std::string& text);

// The digest of a version: spec.digest, or the fragment of its URI; empty if it has neither.
std::string digest_of(const ModelVersionSource& source, const std::string& digest);

const k8s::DeploymentView* deployment_of(const Observed& seen, std::string_view revision_hash);

}  // namespace slipway::inference_service

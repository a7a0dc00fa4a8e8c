// InferenceService: a model served at a stable name. The spec belongs to people, the status to the
// controller; nothing in the status changes at rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crds/types/condition.hpp"
#include "crds/types/fields.hpp"
#include "crds/types/inference_service_spec.hpp"
#include "crds/types/object_meta.hpp"

namespace slipway {

struct ServedModel {
  std::string version, digest, served_version;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("version", &ServedModel::version, "The version that was asked for, resolved.",
          attr::MaxLength{253});
    field("digest", &ServedModel::digest, "Its digest, once it is known.", attr::MaxLength{71});
    field("servedVersion", &ServedModel::served_version,
          "The version that answers now; another one while a change is under way or blocked.",
          attr::MaxLength{253});
  }
  bool operator==(const ServedModel&) const = default;
};

struct Revisions {
  std::string stable, candidate;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("stable", &Revisions::stable, "Hash of the revision that the Service selects.",
          attr::MaxLength{63});
    field("candidate", &Revisions::candidate, "Hash of the revision that is to follow it.",
          attr::MaxLength{63});
  }
  bool operator==(const Revisions&) const = default;
};

struct GpuStatus {
  std::string mechanism, resource, column;
  std::optional<std::int64_t> count, granted_mib;
  std::vector<std::string> reasons;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using G = GpuStatus;
    field("mechanism", &G::mechanism, "none, full or mig.", attr::MaxLength{32});
    field("resource", &G::resource, "The extended resource, as `nvidia.com/mig-2g.20gb`.",
          attr::MaxLength{253});
    field("column", &G::column, "The same for the GPU column; `-` without a GPU.",
          attr::MaxLength{128});
    field("count", &G::count, "Devices of one replica.");
    field("grantedMiB", &G::granted_mib, "Usable memory of each device.");
    field("reasons", &G::reasons, "Why it is this, and why others are not.", attr::MaxItems{16},
          attr::ItemMaxLength{1024});
  }
  bool operator==(const GpuStatus&) const = default;
};

struct ResolvedReplicas {
  int min = 1, max = 1;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("min", &ResolvedReplicas::min, "Fewest.");
    field("max", &ResolvedReplicas::max, "Most.");
  }
  bool operator==(const ResolvedReplicas&) const = default;
};

// What absent parts of the spec came to.
struct Resolved {
  std::string runtime, runtime_kind, image, format, device, gpu_resource;
  std::optional<int> context_length;
  std::optional<ResolvedReplicas> replicas;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using R = Resolved;
    field("runtime", &R::runtime, "Name of the runtime.", attr::MaxLength{253});
    field("runtimeKind", &R::runtime_kind, "ServingRuntime or ClusterServingRuntime.",
          attr::MaxLength{64});
    field("image", &R::image, "Image of the engine.", attr::MaxLength{512});
    field("format", &R::format, "Format of the model.", attr::MaxLength{32});
    field("device", &R::device, "cpu or nvidia.", attr::MaxLength{32});
    field("gpuResource", &R::gpu_resource, "Extended resource of each replica.",
          attr::MaxLength{253});
    field("contextLength", &R::context_length, "Longest context in tokens.");
    field("replicas", &R::replicas, "Bounds on the number of replicas.");
  }
  bool operator==(const Resolved&) const = default;
};

struct InferenceServiceStatus {
  std::int64_t observed_generation = 0;
  // Columns of `kubectl get`: text, never blank, "-" where there is nothing to say.
  std::string state, step, weight, gates, ready, summary;
  std::string url;
  int replicas = 0, ready_replicas = 0;
  std::string selector;
  std::optional<ServedModel> model;
  std::optional<Revisions> revision;
  std::optional<GpuStatus> gpu;
  std::optional<Resolved> resolved;
  std::vector<Condition> conditions;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using S = InferenceServiceStatus;
    field("observedGeneration", &S::observed_generation,
          "The generation of this object that all of this was said about.", attr::OmitZero{});
    field("state", &S::state, "What is going on, in one word.", attr::MaxLength{32});
    field("step", &S::step, "How far it is.", attr::MaxLength{32});
    field("weight", &S::weight, "Percent of the traffic that the asked-for revision gets.",
          attr::MaxLength{16});
    field("gates", &S::gates, "Gates passed, of all.", attr::MaxLength{16});
    field("ready", &S::ready, "Ready replicas, of those wanted, as `1/2`.", attr::MaxLength{32});
    field("summary", &S::summary, "One line for people: cause, number, what to do.",
          attr::MaxLength{4096});
    field("url", &S::url, "Where the model answers inside the cluster.", attr::MaxLength{512});
    field("replicas", &S::replicas, "Pods that exist.");
    field("readyReplicas", &S::ready_replicas, "Pods that answer.");
    field("selector", &S::selector, "Label selector of the pods, for autoscalers.",
          attr::MaxLength{512});
    field("model", &S::model, "The model.");
    field("revision", &S::revision, "The revisions that exist.");
    field("gpu", &S::gpu, "What was chosen for `spec.gpu`, and why.");
    field("resolved", &S::resolved, "What absent parts of the spec came to.");
    field("conditions", &S::conditions, "`Ready`, `Reconciling`, `Stalled` and further ones.",
          attr::MaxItems{32}, attr::MapKey{"type"});
  }
  bool operator==(const InferenceServiceStatus&) const = default;
};

struct InferenceService {
  static constexpr const char* kKind = "InferenceService";
  static constexpr const char* kPlural = "inferenceservices";
  ObjectMeta metadata;
  InferenceServiceSpec spec;
  InferenceServiceStatus status;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("metadata", &InferenceService::metadata);
    field("spec", &InferenceService::spec, "What is asked for.", attr::Required{});
    field("status", &InferenceService::status, "What was observed.");
  }
  bool operator==(const InferenceService&) const = default;
};

}  // namespace slipway

// What the owner of an InferenceService asks for. Slipway never writes any of it and defaults
// nothing in it: resolved values are in `status.resolved`. Where absence means something, the
// member is a `std::optional`, an empty string or an empty list.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crds/types/fields.hpp"
#include "crds/types/gpu_request.hpp"
#include "crds/types/model_choice.hpp"
#include "crds/types/pod_override.hpp"
#include "crds/types/rollout_spec.hpp"
#include "crds/types/scaling_spec.hpp"

namespace slipway {

struct EngineOptions {
  std::optional<int> context_length;
  std::string quantization;
  std::optional<int> tensor_parallel;
  std::vector<std::string> args;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using E = EngineOptions;
    field("contextLength", &E::context_length,
          "Longest context in tokens. Absent: what the model was made for.", attr::Minimum{1},
          attr::Maximum{16777216});
    field("quantization", &E::quantization, "How the engine compresses weights while loading.",
          attr::MaxLength{64}, attr::NotAvailable{});
    field("tensorParallel", &E::tensor_parallel,
          "GPUs that share one copy of the model. Absent: `gpu.count`.", attr::Minimum{1},
          attr::Maximum{64},
          Rule{.rule = "self == 1",
               .message = "engine.tensorParallel above 1 is not available in this version",
               .forbidden = true});
    field("args", &E::args, "Further arguments of the engine, after those of the runtime.",
          attr::MaxItems{128}, attr::ItemMaxLength{1024});
  }
  bool operator==(const EngineOptions&) const = default;
};

struct Adapter {
  std::string name, version;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &Adapter::name, "Name that callers use.", attr::Required{}, attr::MaxLength{63});
    field("version", &Adapter::version, "The ModelVersion of the adapter.", attr::Required{},
          attr::MaxLength{253});
  }
  bool operator==(const Adapter&) const = default;
};

struct AccessSpec {
  std::string alias;
  std::vector<std::string> tenants;
  bool public_ = false;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("alias", &AccessSpec::alias, "A short name for callers, unique in the cluster.",
          attr::MaxLength{63});
    field("tenants", &AccessSpec::tenants, "Tenants that may call.", attr::MaxItems{64},
          attr::ItemMaxLength{63}, attr::SetList{});
    field("public", &AccessSpec::public_, "Whether everybody may call.");
  }
  bool operator==(const AccessSpec&) const = default;
};

struct LoggingSpec {
  std::string requests, redact;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("requests", &LoggingSpec::requests, "Share of the requests, as `1%`.", attr::MaxLength{8},
          attr::Pattern{"^(100|[0-9]{1,2}(\\.[0-9]{1,3})?)%$"});
    field("redact", &LoggingSpec::redact, "What is left out of the log.",
          attr::Enum{"none|prompts|answers|all"});
  }
  bool operator==(const LoggingSpec&) const = default;
};

struct InferenceServiceSpec {
  ModelChoice model;
  std::string runtime;
  std::optional<EngineOptions> engine;
  std::optional<GpuRequest> gpu;
  std::optional<Replicas> replicas;
  std::optional<ScalingSpec> scaling;
  std::optional<RolloutSpec> rollout;
  std::vector<Adapter> adapters;
  std::optional<AccessSpec> access;
  std::optional<LoggingSpec> logging;
  std::optional<PodOverride> pod;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using S = InferenceServiceSpec;
    field("model", &S::model, "The model: exactly one of `version`, `uri` and `track`.",
          attr::Required{});
    field("runtime", &S::runtime,
          "A ServingRuntime of this namespace or a ClusterServingRuntime. Absent: the best one "
          "that supports format and device.",
          attr::MaxLength{253}, kObjectName);
    field("engine", &S::engine, "Options that engines share.");
    field("gpu", &S::gpu, "The GPU of each replica. Absent: none, the CPU computes.");
    field("replicas", &S::replicas, "How many. Absent: one.");
    field("scaling", &S::scaling, "How the number between min and max is found.");
    field("rollout", &S::rollout, "How a new revision takes over.", attr::NotAvailable{});
    field("adapters", &S::adapters, "LoRA adapters served beside the model.", attr::MaxItems{64},
          attr::MapKey{"name"}, attr::NotAvailable{});
    field("access", &S::access, "Who may call.", attr::NotAvailable{});
    field("logging", &S::logging, "Which requests are logged.", attr::NotAvailable{});
    field("pod", &S::pod, "What the pods have beyond what Slipway gives them.");
  }
  bool operator==(const InferenceServiceSpec&) const = default;
};

}  // namespace slipway

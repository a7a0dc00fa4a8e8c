// What the owner of an InferenceService asks for. Slipway never writes any of it and defaults
// nothing in it: resolved values are in `status.resolved`. Where absence means something, the
// member is a `std::optional`, an empty string or an empty list.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crds/types/fields.hpp"
#include "crds/types/model_uri.hpp"
#include "crds/types/pod_override.hpp"
#include "crds/types/references.hpp"
#include "crds/types/rollout_spec.hpp"

namespace slipway {

struct ModelTrack {
  std::string model, stage;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("model", &ModelTrack::model, "The model to follow.", attr::Required{},
          attr::MaxLength{253});
    field("stage", &ModelTrack::stage, "The stage that a version must have reached.",
          attr::Enum{"candidate|approved"});
  }
  bool operator==(const ModelTrack&) const = default;
};

// Exactly one of `version`, `uri` and `track`.
struct ModelChoice {
  std::string version, uri;
  std::optional<LocalReference> secret_ref, ca_ref;  // of `uri`
  std::optional<ModelTrack> track;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using M = ModelChoice;
    field("version", &M::version, "A ModelVersion of this namespace.", attr::MaxLength{253},
          kObjectName);
    field("uri", &M::uri,
          "Where the bytes are: `https://host/file#sha256=<hex>`, `pvc://claim/path` or "
          "`file:///path` (a path in the pod). Slipway makes a ModelVersion for it.",
          attr::MaxLength{kMaxUri}, kUriScheme, kUriWellFormed, kUriNoDots,
          Rule{"!self.startsWith('https://') || self.contains('#sha256=')",
               "an https URI needs #sha256=<64 hex digits> at its end"});
    field("secretRef", &M::secret_ref, "Secret with the credentials of `uri`.");
    field("caRef", &M::ca_ref,
          "ConfigMap whose key `ca.crt` holds the certificate authority of `uri`.");
    field("track", &M::track, "The newest version of a model that has reached a stage.",
          attr::NotAvailable{});
  }
  template <class Visitor>
  static void rules(Visitor&& rule) {
    rule(
        Rule{"[has(self.version) && self.version != '', has(self.uri) && self.uri != '', "
             "has(self.track)].filter(x, x).size() == 1",
             "must have exactly one of version, uri and track"});
    rule(
        Rule{"!has(self.version) || self.version == '' || "
             "!((has(self.secretRef) && has(self.secretRef.name) && self.secretRef.name != '') || "
             "(has(self.caRef) && has(self.caRef.name) && self.caRef.name != ''))",
             "secretRef and caRef belong to uri; a ModelVersion has its own"});
  }
  bool operator==(const ModelChoice&) const = default;
};

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

struct GpuRequirements {
  std::string min_compute_capability;
  std::vector<std::string> products;
  bool nvlink = false;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using G = GpuRequirements;
    field("minComputeCapability", &G::min_compute_capability, "Oldest generation, as `8.0`.",
          attr::MaxLength{8}, attr::Pattern{"^[0-9]{1,2}\\.[0-9]$"});
    field("products", &G::products, "Product names as the device plugin labels them.",
          attr::MaxItems{16}, attr::ItemMaxLength{63});
    field("nvlink", &G::nvlink, "Whether the devices must be linked.");
  }
  bool operator==(const GpuRequirements&) const = default;
};

struct GpuSharing {
  std::optional<int> max_tenants;
  std::vector<std::string> with_tenants;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("maxTenants", &GpuSharing::max_tenants, "Most tenants on one device.", attr::Minimum{1},
          attr::Maximum{64});
    field("withTenants", &GpuSharing::with_tenants, "Tenants to share with.", attr::MaxItems{16},
          attr::ItemMaxLength{63});
  }
  bool operator==(const GpuSharing&) const = default;
};

struct GpuRequest {
  std::string memory;  // quantity, usable bytes on each device; empty: a whole device
  std::optional<int> count;
  std::string profile, compute, isolation;
  std::optional<GpuRequirements> require;
  std::optional<GpuSharing> sharing;
  std::vector<std::string> prefer, forbid;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using G = GpuRequest;
    field("memory", &G::memory,
          "Usable memory that one replica needs on each device, as `18Gi`. Slipway takes the "
          "smallest piece that some node offers. Absent: a whole device.",
          attr::IntOrString{},
          Rule{"type(self) == string ? self == '' || (isQuantity(self) && "
               "quantity(self).isGreaterThan(quantity('0')) && "
               "quantity(self).isLessThan(quantity('1Pi'))) : self > 0",
               "must be a quantity above zero and below 1Pi, as 18Gi"});
    field("count", &G::count, "Devices of one replica. Absent means 1.", attr::Minimum{1},
          attr::Maximum{16});
    field("profile", &G::profile, "Insists on one MIG profile, as `2g.20gb`.", attr::MaxLength{32},
          attr::Pattern{"^[1-7]g\\.[1-9][0-9]{0,2}gb([+-](me|gfx|me\\.all))?$"});
    field("compute", &G::compute, "Share of a device's processors, as `30%`.", attr::MaxLength{8},
          attr::Pattern{"^(100|[1-9][0-9]?)%$"}, attr::NotAvailable{});
    field("isolation", &G::isolation,
          "hard: own memory and faults (whole GPU, MIG). soft: enforced limits. none: trust. "
          "Absent means hard.",
          attr::Enum{"hard|soft|none"},
          Rule{.rule = "self == 'hard'",
               .message = "gpu.isolation other than hard is not available in this version",
               .forbidden = true});
    field("require", &G::require, "What the device must be.", attr::NotAvailable{});
    field("sharing", &G::sharing, "Who may be on the same device.", attr::NotAvailable{});
    field("prefer", &G::prefer, "Mechanisms to try first.", attr::MaxItems{8}, kMechanisms,
          attr::NotAvailable{});
    field("forbid", &G::forbid, "Mechanisms never to use.", attr::MaxItems{8}, kMechanisms,
          attr::NotAvailable{});
  }
  template <class Visitor>
  static void rules(Visitor&& rule) {
    rule(Rule{
        .rule = "!has(self.profile) || self.profile == '' || !has(self.count) || self.count == 1",
        .message = "count must be 1 with a profile: a container gets one MIG device",
        .field_path = ".count"});
    rule(Rule{.rule = "!has(self.profile) || self.profile == '' || !has(self.memory) || "
                      "!isQuantity(string(self.memory))"
                      " || quantity(string(self.memory)).compareTo(quantity("
                      "self.profile.split('.')[1].split('gb')[0] + 'Gi')) <= 0",
              .message = "memory is more than the profile has",
              .field_path = ".memory",
              .message_expression = "'memory ' + string(self.memory) + ' is more than profile ' + "
                                    "self.profile + ' has'"});
  }
  bool operator==(const GpuRequest&) const = default;

  static constexpr attr::ItemEnum kMechanisms{
      "full|mig|mps|time-slicing|hami|cgpu|gpushare|kai|dra"};
};

struct Replicas {
  int min = 1;
  std::optional<int> max;  // absent: fixed at `min`

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("min", &Replicas::min, "Fewest replicas; 0 lets the service sleep. Absent means 1.",
          attr::Minimum{0}, attr::Maximum{10000},
          Rule{.rule = "self >= 1",
               .message = "replicas.min 0 is not available in this version",
               .forbidden = true});
    field("max", &Replicas::max, "Most replicas, never exceeded. Absent: the same as `min`.",
          attr::Minimum{1}, attr::Maximum{10000});
  }
  template <class Visitor>
  static void rules(Visitor&& rule) {
    rule(Rule{.rule = "!has(self.max) || (has(self.min) ? self.min : 1) <= self.max",
              .message = "min must not exceed max",
              .message_expression = "'min (%d) must not exceed max (%d)'.format([has(self.min) ? "
                                    "self.min : 1, self.max])"});
  }
  bool operator==(const Replicas&) const = default;
};

struct ScalingPolicy {
  std::string type;
  int value = 1, period_seconds = 15;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("type", &ScalingPolicy::type, "What `value` counts.", attr::Required{},
          attr::Enum{"Pods|Percent"});
    field("value", &ScalingPolicy::value, "Largest change in one period.", attr::Required{},
          attr::Minimum{1}, attr::Maximum{10000});
    field("periodSeconds", &ScalingPolicy::period_seconds, "The period.", attr::Required{},
          attr::Minimum{1}, attr::Maximum{1800});
  }
  bool operator==(const ScalingPolicy&) const = default;
};

struct ScalingRules {
  std::optional<int> stabilization_window_seconds;
  std::string select_policy;
  std::vector<ScalingPolicy> policies;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("stabilizationWindowSeconds", &ScalingRules::stabilization_window_seconds,
          "How long the past counts.", attr::Minimum{0}, attr::Maximum{3600});
    field("selectPolicy", &ScalingRules::select_policy, "Which policy wins. Absent means Max.",
          attr::Enum{"Max|Min|Disabled"});
    field("policies", &ScalingRules::policies, "Limits on the speed.", attr::MaxItems{8});
  }
  bool operator==(const ScalingRules&) const = default;
};

struct ScalingBehavior {
  std::optional<ScalingRules> scale_up, scale_down;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("scaleUp", &ScalingBehavior::scale_up, "On the way up.");
    field("scaleDown", &ScalingBehavior::scale_down, "On the way down.");
  }
  bool operator==(const ScalingBehavior&) const = default;
};

struct ScalingWindow {
  std::string name, start, time_zone, duration;
  std::optional<int> min, max;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &ScalingWindow::name, "Name of the window.", attr::Required{},
          attr::MaxLength{63});
    field("start", &ScalingWindow::start, "When it begins, as a cron expression.", attr::Required{},
          attr::MaxLength{128});
    field("timeZone", &ScalingWindow::time_zone, "Time zone of `start`. Absent means UTC.",
          attr::MaxLength{64});
    field("duration", &ScalingWindow::duration, "How long it lasts.", attr::Required{},
          attr::MaxLength{32}, kDuration);
    field("min", &ScalingWindow::min, "`replicas.min` meanwhile.", attr::Minimum{0},
          attr::Maximum{10000});
    field("max", &ScalingWindow::max, "`replicas.max` meanwhile.", attr::Minimum{1},
          attr::Maximum{10000});
  }
  bool operator==(const ScalingWindow&) const = default;
};

struct ScalingSpec {
  std::string metric;
  std::optional<int> target;
  std::optional<ScalingBehavior> behavior;
  std::vector<ScalingWindow> schedule;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using S = ScalingSpec;
    field(
        "metric", &S::metric, "What is measured. Absent means cpu.",
        attr::Enum{"concurrency|queue|tokens|cpu|gpuUtilization"},
        Rule{.rule = "self == 'cpu'",
             .message = "this scaling metric is not available in this version",
             .message_expression = "'scaling.metric ' + self + ' is not available in this version'",
             .forbidden = true});
    field("target", &S::target,
          "Value per replica to hold; for cpu, percent of the requested CPU. Absent means 80.",
          attr::Minimum{1}, attr::Maximum{1000000});
    field("behavior", &S::behavior, "Speed limits, as in a HorizontalPodAutoscaler.");
    field("schedule", &S::schedule, "Times with other bounds.", attr::MaxItems{16},
          attr::MapKey{"name"}, attr::NotAvailable{});
  }
  bool operator==(const ScalingSpec&) const = default;
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

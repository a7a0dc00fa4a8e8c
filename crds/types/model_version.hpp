// ModelVersion: an immutable, verified version of a model, the registry entry. `spec.stage` is the
// only part of the spec that may change.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crds/types/condition.hpp"
#include "crds/types/fields.hpp"
#include "crds/types/model_uri.hpp"
#include "crds/types/object_meta.hpp"
#include "crds/types/references.hpp"

namespace slipway {

struct ModelVersionSource {
  std::string uri;
  std::optional<LocalReference> secret_ref;
  std::optional<LocalReference> ca_ref;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("uri", &ModelVersionSource::uri,
          "Where the bytes are: `https://host/file#sha256=<hex>`, `pvc://claim/path` or "
          "`file:///path` (a path in the pod).",
          attr::Required{}, attr::MinLength{1}, attr::MaxLength{kMaxUri}, kUriScheme,
          kUriWellFormed, kUriNoDots);
    field("secretRef", &ModelVersionSource::secret_ref,
          "Secret with the credentials of the source.");
    field("caRef", &ModelVersionSource::ca_ref,
          "ConfigMap whose key `ca.crt` holds the certificate authority of the source.");
  }
  bool operator==(const ModelVersionSource&) const = default;
};

struct RequiredEvaluation {
  std::string name;
  std::optional<double> min, max;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &RequiredEvaluation::name, "Name of the evaluation.", attr::Required{},
          attr::MaxLength{63});
    field("min", &RequiredEvaluation::min, "Lowest value that passes.");
    field("max", &RequiredEvaluation::max, "Highest value that passes.");
  }
  bool operator==(const RequiredEvaluation&) const = default;
};

struct EvaluationSpec {
  std::vector<RequiredEvaluation> required;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("required", &EvaluationSpec::required, "All of these must pass before it is served.",
          attr::MaxItems{32}, attr::MapKey{"name"});
  }
  bool operator==(const EvaluationSpec&) const = default;
};

// An input or output of a model whose task is `predict`.
struct TensorSpec {
  std::string name, datatype;
  std::vector<std::int64_t> shape;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &TensorSpec::name, "Name of the tensor.", attr::Required{}, attr::MaxLength{128});
    field("datatype", &TensorSpec::datatype, "Type of its elements.", attr::Required{},
          attr::Enum{"BOOL|UINT8|UINT16|UINT32|UINT64|INT8|INT16|INT32|INT64|FP16|FP32|FP64|BF16|"
                     "BYTES"});
    field("shape", &TensorSpec::shape, "Its dimensions; -1 where any size is accepted.",
          attr::MaxItems{16});
  }
  bool operator==(const TensorSpec&) const = default;
};

struct ModelMetadata {
  std::string source;
  std::map<std::string, std::string> metrics;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("source", &ModelMetadata::source, "What made it, as `git:abc123`.", attr::MaxLength{512});
    field("metrics", &ModelMetadata::metrics, "Numbers that its makers measured.",
          attr::MaxProperties{64});
  }
  bool operator==(const ModelMetadata&) const = default;
};

struct ModelVersionSpec {
  std::string model, version;
  ModelVersionSource source;
  std::string digest, format, task, base_model, stage;
  std::vector<TensorSpec> inputs, outputs;
  std::optional<EvaluationSpec> evaluation;
  std::optional<ModelMetadata> metadata;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using S = ModelVersionSpec;
    field("model", &S::model, "The model that this is a version of. Absent: the object's name.",
          attr::MaxLength{253}, attr::Immutable{});
    field("version", &S::version, "Its version, as its makers call it.", attr::MaxLength{128},
          attr::Immutable{});
    field("source", &S::source, "Where the bytes are.", attr::Required{}, attr::Immutable{});
    field("digest", &S::digest,
          "What the bytes must be. Absent: taken from the URI, or resolved once and pinned in "
          "status.",
          attr::MaxLength{71}, attr::Pattern{"^sha256:[0-9a-f]{64}$"}, attr::Immutable{});
    field("format", &S::format, "Format of the weights. Absent: found out from the bytes.",
          attr::Enum{"gguf|safetensors|onnx|tensorrt"}, attr::Immutable{});
    field("task", &S::task, "What callers do with it. Absent means chat.",
          attr::Enum{"chat|completion|embedding|predict"}, attr::Immutable{});
    field("inputs", &S::inputs, "Tensors that a `predict` model takes.", attr::MaxItems{32},
          attr::NotAvailable{}, attr::Immutable{});
    field("outputs", &S::outputs, "Tensors that a `predict` model returns.", attr::MaxItems{32},
          attr::NotAvailable{}, attr::Immutable{});
    field("baseModel", &S::base_model, "Set for a LoRA adapter: the model it adapts.",
          attr::MaxLength{253}, attr::NotAvailable{}, attr::Immutable{});
    field("stage", &S::stage, "What people decided about it; the only field that may change.",
          attr::Enum{"candidate|approved|deprecated"});
    field("evaluation", &S::evaluation, "What it must have passed before it is served.",
          attr::NotAvailable{}, attr::Immutable{});
    field("metadata", &S::metadata, "Where it comes from, for people and other tools.",
          attr::Immutable{});
  }
  template <class Visitor>
  static void rules(Visitor&& rule);
  bool operator==(const ModelVersionSpec&) const = default;
};

struct Evaluation {
  std::string name, value, time;
  bool passed = false;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &Evaluation::name, "Name of the evaluation.", attr::Required{},
          attr::MaxLength{63});
    field("value", &Evaluation::value, "What was measured.", attr::MaxLength{64});
    field("time", &Evaluation::time, "When.", attr::MaxLength{64});
    field("passed", &Evaluation::passed, "Whether it was enough.", attr::AlwaysEncode{});
  }
  bool operator==(const Evaluation&) const = default;
};

struct ModelVersionStatus {
  std::int64_t observed_generation = 0;
  std::string phase, summary;
  std::string model, version, stage;
  std::string digest, size, format, architecture;
  std::optional<std::int64_t> size_bytes, files, parameters, context_length;
  std::vector<Evaluation> evaluations;
  std::vector<std::string> used_by, cached_on;
  std::vector<Condition> conditions;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using S = ModelVersionStatus;
    field("observedGeneration", &S::observed_generation, "The generation that this was said about.",
          attr::OmitZero{});
    field("phase", &S::phase, "What was observed.",
          attr::Enum{"Pending|Resolving|Verified|Failed"});
    field("summary", &S::summary, "One line for people.", attr::MaxLength{4096});
    field("model", &S::model, "The model, resolved; `-` where there is none.",
          attr::MaxLength{253});
    field("version", &S::version, "The version; `-` where there is none.", attr::MaxLength{128});
    field("stage", &S::stage, "The stage; `-` where nobody decided.", attr::MaxLength{32});
    field("digest", &S::digest, "Digest of the verified bytes.", attr::MaxLength{71});
    field("size", &S::size, "Size for people, as `1.4 MiB`.", attr::MaxLength{32});
    field("sizeBytes", &S::size_bytes, "Size of all files.");
    field("files", &S::files, "How many files.");
    field("format", &S::format, "Format that was found.", attr::MaxLength{32});
    field("architecture", &S::architecture, "Architecture that the model's header names.",
          attr::MaxLength{128});
    field("parameters", &S::parameters, "How many parameters.");
    field("contextLength", &S::context_length, "Longest context it was made for, in tokens.");
    field("evaluations", &S::evaluations, "Results of evaluations.", attr::MaxItems{64},
          attr::MapKey{"name"});
    field("usedBy", &S::used_by, "InferenceServices that refer to it.", attr::MaxItems{256},
          attr::ItemMaxLength{320});
    field("cachedOn", &S::cached_on, "Nodes that hold its bytes.", attr::MaxItems{256},
          attr::ItemMaxLength{253});
    field("conditions", &S::conditions, "`Ready`, `Reconciling`, `Stalled`.", attr::MaxItems{32},
          attr::MapKey{"type"});
  }
  bool operator==(const ModelVersionStatus&) const = default;
};

struct ModelVersion {
  static constexpr const char* kKind = "ModelVersion";
  static constexpr const char* kPlural = "modelversions";
  ObjectMeta metadata;
  ModelVersionSpec spec;
  ModelVersionStatus status;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("metadata", &ModelVersion::metadata);
    field("spec", &ModelVersion::spec, "What the version is.", attr::Required{});
    field("status", &ModelVersion::status, "What was observed.");
  }
  bool operator==(const ModelVersion&) const = default;
};

template <class Visitor>
void ModelVersionSpec::rules(Visitor&& rule) {
  rule(Rule{
      .rule =
          "!self.source.uri.startsWith('https://') || (has(self.digest) && self.digest != '') || "
          "self.source.uri.contains('#sha256=')",
      .message = "an https source needs #sha256=<64 hex digits> at its end, or spec.digest",
      .field_path = ".source.uri"});
  rule(Rule{
      .rule = "!has(self.digest) || self.digest == '' || !self.source.uri.contains('#sha256=') || "
              "self.source.uri.endsWith('#sha256=' + self.digest.substring(7))",
      .message = "digest and the sha256 of source.uri differ",
      .field_path = ".digest"});
  rule(Rule{.rule = "!has(self.format) || self.format == 'gguf'",
            .message = "only the format gguf is available in this version",
            .field_path = ".format",
            .forbidden = true});
  rule(Rule{.rule = "!has(self.task) || self.task != 'predict'",
            .message = "task predict is not available in this version",
            .field_path = ".task",
            .forbidden = true});
}

}  // namespace slipway

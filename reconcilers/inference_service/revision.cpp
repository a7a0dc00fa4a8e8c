#include "reconcilers/inference_service/revision.hpp"

#include <fmt/format.h>

#include "crds/types/decode.hpp"
#include "crds/types/encode.hpp"
#include "reconcilers/common/names.hpp"

namespace slipway::inference_service {
namespace {

// The annotation as a document: flat, and described once like every other type.
struct PinnedDocument {
  std::string runtime_kind, runtime_name;
  ServingRuntimeSpec runtime;
  std::string agent_image;
  std::string gpu_resource, gpu_column, gpu_shortfall;
  int gpu_count = 0;
  std::int64_t gpu_mib = 0, gpu_least_mib = 0;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using P = PinnedDocument;
    field("runtimeKind", &P::runtime_kind);
    field("runtimeName", &P::runtime_name);
    field("runtime", &P::runtime);
    field("agentImage", &P::agent_image);
    field("gpuResource", &P::gpu_resource);
    field("gpuColumn", &P::gpu_column);
    field("gpuShortfall", &P::gpu_shortfall);
    field("gpuCount", &P::gpu_count);
    field("gpuMiB", &P::gpu_mib);
    field("gpuLeastMiB", &P::gpu_least_mib);
  }
};

// The checksum is the last member of the text; it is of the text without that member.
constexpr std::string_view kSum = R"(,"sum":")";

std::string with_sum(std::string text) {
  const std::string sum = short_hash(text, 12);
  text.pop_back();
  return text.append(kSum).append(sum).append("\"}");
}

bool has_its_sum(const std::string& text) {
  const auto at = text.rfind(kSum);
  return at != std::string::npos && with_sum(text.substr(0, at) + "}") == text;
}

struct Model {
  ModelVersionSource source;
  std::string digest;
  std::string format;
};

std::variant<Model, Unresolved> model_of(const Observed& seen) {
  const ModelChoice& choice = seen.owner->spec.model;
  if (!choice.uri.empty()) {
    ModelVersionSource source{choice.uri, choice.secret_ref, choice.ca_ref};
    return Model{source, digest_of(source, ""), format_of_uri(choice.uri)};
  }
  if (!seen.model)
    return Unresolved{"ModelNotFound",
                      fmt::format("spec.model.version: no ModelVersion \"{}\" in namespace {}",
                                  seen.model_name, seen.owner->metadata.namespace_)};
  const ModelVersionSpec& spec = seen.model->spec;
  std::string format = spec.format.empty() ? seen.model->status.format : spec.format;
  if (format.empty()) format = format_of_uri(spec.source.uri);
  return Model{spec.source, digest_of(spec.source, spec.digest), format};
}

// What is written but empty asks for nothing, so it makes no other revision.
template <class Part>
void add_wish(Json& wish, const char* name, const std::optional<Part>& part) {
  if (!part) return;
  Json asked = Json::object();
  const Json encoded = encode(*part);
  for (const auto& [key, value] : encoded.items())
    if (!value.empty()) asked[key] = value;
  if (!asked.empty()) wish[name] = std::move(asked);
}

// Everything of the user's wish that makes another pod. Looked-up content is not in it.
std::string hash_of(const InferenceService& owner, const Model& model) {
  const InferenceServiceSpec& spec = owner.spec;
  Json wish{{"source", encode(model.source)}, {"digest", model.digest}, {"runtime", spec.runtime}};
  add_wish(wish, "engine", spec.engine);
  if (spec.gpu) wish["gpu"] = encode(*spec.gpu);
  add_wish(wish, "pod", spec.pod);
  // The label of a name that had to be cut is the whole name of another service, maybe; then the
  // revision keeps their pods apart.
  const std::string& name = owner.metadata.name;
  if (bounded_name(name) != name) wish["name"] = name;
  return short_hash(wish.dump());
}

std::variant<Runtime, RuntimeRefusal> runtime_for(const Observed& seen, std::string_view format) {
  const InferenceServiceSpec& spec = seen.owner->spec;
  return choose_runtime(seen.runtimes, spec.runtime, format, spec.gpu ? "nvidia" : "cpu");
}

// A device that no node had is looked for again; one that fitted stays.
void refresh_gpu(Pinned& pinned, const Observed& seen) {
  const auto& request = seen.owner->spec.gpu;
  if (!request) return;
  if (!pinned.gpu || !pinned.gpu->shortfall.empty()) pinned.gpu = gpu::decide(*request, seen.gpus);
}

}  // namespace

std::variant<Revision, Unresolved> desired_revision(const Observed& seen) {
  auto resolved = model_of(seen);
  if (auto* problem = std::get_if<Unresolved>(&resolved)) return *problem;
  const Model& model = std::get<Model>(resolved);
  Revision revision{
      hash_of(*seen.owner, model), seen.model_name, model.source, model.digest, {}, model.format};

  if (const auto* live = deployment_of(seen, revision.hash)) {
    const auto annotation = live->metadata.annotations.find(kPinnedAnnotation);
    if (annotation != live->metadata.annotations.end()) {
      if (auto pinned = decode_pinned(annotation->second)) {
        revision.pinned = std::move(*pinned);
        refresh_gpu(revision.pinned, seen);
        return revision;
      }
    }
  }
  auto choice = runtime_for(seen, model.format);
  if (auto* refusal = std::get_if<RuntimeRefusal>(&choice))
    return Unresolved{refusal->reason, refusal->message};
  revision.pinned.runtime = std::get<Runtime>(std::move(choice));
  revision.pinned.agent_image = seen.settings.agent_image;
  refresh_gpu(revision.pinned, seen);
  return revision;
}

bool update_available(const Observed& seen, const Revision& revision) {
  if (revision.pinned.agent_image != seen.settings.agent_image) return true;
  const Runtime& pinned = revision.pinned.runtime;
  for (const Runtime& runtime : seen.runtimes)
    if (runtime.kind == pinned.kind && runtime.name == pinned.name) return !(runtime == pinned);
  return false;
}

std::string encode_pinned(const Pinned& pinned) {
  PinnedDocument document;
  document.runtime_kind = pinned.runtime.kind;
  document.runtime_name = pinned.runtime.name;
  document.runtime = pinned.runtime.spec;
  document.agent_image = pinned.agent_image;
  if (pinned.gpu) {
    document.gpu_resource = pinned.gpu->resource;
    document.gpu_column = pinned.gpu->column;
    document.gpu_shortfall = pinned.gpu->shortfall;
    document.gpu_count = pinned.gpu->count;
    document.gpu_mib = pinned.gpu->granted_mib;
    document.gpu_least_mib = pinned.gpu->least_mib;
  }
  return with_sum(encode(document).dump());
}

std::optional<Pinned> decode_pinned(const std::string& text) {
  if (!has_its_sum(text)) return std::nullopt;
  auto document = decode<PinnedDocument>(text);
  if (!document) return std::nullopt;
  Pinned pinned{{document->runtime_kind, document->runtime_name, document->runtime},
                document->agent_image,
                std::nullopt};
  if (!document->gpu_resource.empty())
    pinned.gpu =
        gpu::Grant{document->gpu_resource, document->gpu_count,     document->gpu_column,
                   document->gpu_mib,      document->gpu_shortfall, document->gpu_least_mib};
  return pinned;
}

std::string digest_of(const ModelVersionSource& source, const std::string& digest) {
  if (!digest.empty()) return digest;
  static constexpr std::string_view kMark = "#sha256=";
  const auto at = source.uri.find(kMark);
  return at == std::string::npos ? "" : "sha256:" + source.uri.substr(at + kMark.size());
}

const k8s::DeploymentView* deployment_of(const Observed& seen, std::string_view revision_hash) {
  for (const auto& deployment : seen.deployments) {
    const auto label = deployment->metadata.labels.find(kRevisionLabel);
    if (label != deployment->metadata.labels.end() && label->second == revision_hash)
      return deployment.get();
  }
  return nullptr;
}

}  // namespace slipway::inference_service

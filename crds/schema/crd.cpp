#include "crds/schema/crd.hpp"

#include "crds/schema/openapi.hpp"
#include "crds/types/inference_service.hpp"
#include "crds/types/model_version.hpp"
#include "crds/types/serving_runtime.hpp"

namespace slipway::schema {
namespace {

const Column kAge{"Age", ".metadata.creationTimestamp", false, "date"};

Kind inference_service() {
  return Kind{.kind = InferenceService::kKind,
              .plural = InferenceService::kPlural,
              .singular = "inferenceservice",
              .short_name = "isvc",
              .doc = "A model served at a stable name.",
              .cluster_scoped = false,
              .has_status = true,
              .scales = true,
              .columns = {{"Model", ".status.model.version"},
                          {"State", ".status.state"},
                          {"Step", ".status.step"},
                          {"Weight", ".status.weight"},
                          {"Gates", ".status.gates"},
                          {"GPU", ".status.gpu.column"},
                          {"Ready", ".status.ready"},
                          kAge,
                          {"URL", ".status.url", true},
                          {"Summary", ".status.summary", true}},
              // Longer names are cut for the children, with a hash; these two cannot be helped that
              // way without giving callers a name that they did not choose.
              .rules = {Rule{
                  .rule = "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
                  .message = "must begin with a letter and have no dots: a Service gets this name",
                  .field_path = ".metadata.name"}},
              .node = describe<InferenceService>()};
}

Kind model_version() {
  return Kind{.kind = ModelVersion::kKind,
              .plural = ModelVersion::kPlural,
              .singular = "modelversion",
              .short_name = "mv",
              .doc = "An immutable, verified version of a model: the registry entry.",
              .cluster_scoped = false,
              .has_status = true,
              .scales = false,
              .columns = {{"Model", ".status.model"},
                          {"Version", ".status.version"},
                          {"Stage", ".status.stage"},
                          {"Phase", ".status.phase"},
                          {"Format", ".status.format"},
                          {"Size", ".status.size"},
                          kAge,
                          {"Digest", ".status.digest", true},
                          {"Summary", ".status.summary", true}},
              .rules = {},
              .node = describe<ModelVersion>()};
}

template <class T>
Kind runtime(const char* singular, const char* short_name, const char* doc, bool cluster_scoped) {
  return Kind{.kind = T::kKind,
              .plural = T::kPlural,
              .singular = singular,
              .short_name = short_name,
              .doc = doc,
              .cluster_scoped = cluster_scoped,
              .has_status = false,
              .scales = false,
              .columns = {{"Engine", ".spec.engine"},
                          {"Formats", ".spec.formats[*].name"},
                          {"Devices", ".spec.devices"},
                          kAge,
                          {"Image", ".spec.image", true}},
              .rules = {},
              .node = describe<T>()};
}

Json columns_of(const Kind& kind) {
  Json out = Json::array();
  for (const Column& column : kind.columns) {
    Json entry = {{"name", column.name}, {"type", column.type}, {"jsonPath", column.path}};
    if (column.wide) entry["priority"] = 1;
    out.push_back(std::move(entry));
  }
  return out;
}

Json subresources_of(const Kind& kind) {
  Json out = {{"status", Json::object()}};
  if (kind.scales) {
    out["scale"] = {{"specReplicasPath", ".spec.replicas.min"},
                    {"statusReplicasPath", ".status.replicas"},
                    {"labelSelectorPath", ".status.selector"}};
  }
  return out;
}

Json root_schema(const Kind& kind) {
  Json schema = {{"description", kind.doc}, {"type", "object"}, {"required", {"spec"}}};
  for (const Rule& rule : kind.rules) {
    schema["x-kubernetes-validations"].push_back(to_json(rule));
  }
  Json properties = {{"apiVersion", {{"type", "string"}}}, {"kind", {{"type", "string"}}}};
  properties["metadata"] = {{"type", "object"},
                            {"properties", {{"name", {{"type", "string"}, {"maxLength", 253}}}}}};
  for (const Member& member : kind.node.members) {
    if (member.name == "metadata") continue;
    properties[member.name] = Json{{"description", member.facts.doc}};
    // Complaints name fields from below the spec: "gpu.compute is not available".
    const Json schema_of_member = openapi(member.node, "");
    for (const auto& [key, value] : schema_of_member.items()) properties[member.name][key] = value;
  }
  schema["properties"] = std::move(properties);
  return schema;
}

}  // namespace

std::vector<Kind> all_kinds() {
  return {
      inference_service(), model_version(),
      runtime<ServingRuntime>("servingruntime", "srt",
                              "How to run an engine, for the services of one namespace.", false),
      runtime<ClusterServingRuntime>("clusterservingruntime", "csrt",
                                     "How to run an engine, for all namespaces.", true)};
}

Json crd(const Kind& kind) {
  Json version = {{"name", kVersion}, {"served", true}, {"storage", true}};
  version["additionalPrinterColumns"] = columns_of(kind);
  if (kind.has_status) version["subresources"] = subresources_of(kind);
  version["schema"] = {{"openAPIV3Schema", root_schema(kind)}};
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", kind.plural + "." + kGroup}}},
          {"spec",
           {{"group", kGroup},
            {"scope", kind.cluster_scoped ? "Cluster" : "Namespaced"},
            {"names",
             {{"kind", kind.kind},
              {"listKind", kind.kind + "List"},
              {"plural", kind.plural},
              {"singular", kind.singular},
              {"shortNames", {kind.short_name}},
              {"categories", {"slipway"}}}},
            {"versions", {version}}}}};
}

const Node* find(const Kind& kind, const std::string& path) {
  const Node* node = &kind.node;
  for (std::size_t begin = 0; node && begin < path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    while (node->item) node = node->item.get();
    const Node* next = nullptr;
    for (const Member& member : node->members) {
      if (member.name == name) next = &member.node;
    }
    node = next;
    begin = end + 1;
  }
  return node;
}

}  // namespace slipway::schema

#include <fmt/format.h>

#include <algorithm>

#include "crds/types/encode.hpp"
#include "crds/types/quantity.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/inference_service/render.hpp"

namespace slipway::inference_service {
namespace {

constexpr int kPort = 8080;
constexpr int kUser = 65532;  // "nonroot" of distroless images
constexpr int kDefaultGraceSeconds = 60;
constexpr int kDefaultStartupSeconds = 600;
// A pod of a node that stopped answering is replaced after this long (Kubernetes' default: 300).
constexpr int kNodeGoneSeconds = 30;

constexpr std::string_view kPvc = "pvc://";

// What pod rendering reads, in one place.
struct Input {
  const InferenceService& owner;
  const Revision& revision;
  PodOverride pod;

  const ServingRuntimeSpec& runtime() const { return revision.pinned.runtime.spec; }
};

std::string claim_of(const std::string& uri) {
  if (!uri.starts_with(kPvc)) return "";
  return uri.substr(kPvc.size(), uri.find('/', kPvc.size()) - kPvc.size());
}

Json empty_dir(const char* name) {
  return {{"name", name}, {"emptyDir", Json::object()}};
}

Json volumes(const Input& in) {
  Json out = Json::array({empty_dir("slipway-models"), empty_dir("slipway-agent"),
                          empty_dir("slipway-run"), empty_dir("slipway-tmp")});
  const ModelVersionSource& source = in.revision.source;
  if (const std::string claim = claim_of(source.uri); !claim.empty())
    out.push_back({{"name", "slipway-source"},
                   {"persistentVolumeClaim", {{"claimName", claim}, {"readOnly", true}}}});
  // Optional, so that the agent starts and says what it misses; kubelet would wait in silence.
  if (source.ca_ref && !source.ca_ref->name.empty())
    out.push_back({{"name", "slipway-source-ca"},
                   {"configMap",
                    {{"name", source.ca_ref->name}, {"defaultMode", 0444}, {"optional", true}}}});
  if (source.secret_ref && !source.secret_ref->name.empty())
    out.push_back(
        {{"name", "slipway-source-secret"},
         {"secret",
          {{"secretName", source.secret_ref->name}, {"defaultMode", 0440}, {"optional", true}}}});
  const std::string& shm = in.pod.shm.empty() ? in.runtime().shm : in.pod.shm;
  if (!shm.empty())
    out.push_back(
        {{"name", "slipway-shm"}, {"emptyDir", {{"medium", "Memory"}, {"sizeLimit", shm}}}});
  for (const PodVolume& volume : in.pod.volumes) {
    Json one{{"name", volume.name}};
    if (volume.persistent_volume_claim)
      one["persistentVolumeClaim"] = encode(*volume.persistent_volume_claim);
    else if (volume.config_map)
      one["configMap"] = {{"name", volume.config_map->name}, {"defaultMode", 0444}};
    else if (volume.secret)
      one["secret"] = {{"secretName", volume.secret->secret_name}, {"defaultMode", 0440}};
    else
      one["emptyDir"] = volume.empty_dir ? encode(*volume.empty_dir) : Json::object();
    out.push_back(std::move(one));
  }
  return out;
}

Json mount(const char* name, const char* path, bool read_only) {
  Json out{{"name", name}, {"mountPath", path}};
  if (read_only) out["readOnly"] = true;
  return out;
}

// What the model's fetch and the engine both see: the claim, and the user's volumes.
Json shared_mounts(const Input& in) {
  Json out = Json::array();
  if (!claim_of(in.revision.source.uri).empty())
    out.push_back(mount("slipway-source", "/source", true));
  for (const PodVolume& volume : in.pod.volumes) {
    Json one = mount(volume.name.c_str(), volume.mount_path.c_str(), volume.read_only);
    if (!volume.sub_path.empty()) one["subPath"] = volume.sub_path;
    out.push_back(std::move(one));
  }
  return out;
}

Json locked_down() {
  return {{"allowPrivilegeEscalation", false},
          {"readOnlyRootFilesystem", true},
          {"capabilities", {{"drop", Json::array({"ALL"})}}}};
}

Json fetch_container(const Input& in) {
  const ModelVersionSource& source = in.revision.source;
  Json args = Json::array({"--uri=" + source.uri, "--to=/models", "--install=/slipway"});
  if (!in.revision.digest.empty()) args.push_back("--digest=" + in.revision.digest);
  Json mounts = shared_mounts(in);
  mounts.push_back(mount("slipway-models", "/models", false));
  mounts.push_back(mount("slipway-agent", "/slipway", false));
  mounts.push_back(mount("slipway-tmp", "/tmp", false));
  if (!claim_of(source.uri).empty()) args.push_back("--source-dir=/source");
  if (source.ca_ref && !source.ca_ref->name.empty()) {
    args.push_back("--ca-file=/etc/slipway/source-ca/ca.crt");
    mounts.push_back(mount("slipway-source-ca", "/etc/slipway/source-ca", true));
  }
  if (source.secret_ref && !source.secret_ref->name.empty()) {
    args.push_back("--token-dir=/etc/slipway/source-secret");
    mounts.push_back(mount("slipway-source-secret", "/etc/slipway/source-secret", true));
  }
  return {{"name", "model"},
          {"image", in.revision.pinned.agent_image},
          {"imagePullPolicy", "IfNotPresent"},
          {"command", Json::array({"/usr/bin/slipway-agent", "fetch"})},
          {"args", std::move(args)},
          {"resources", {{"requests", {{"cpu", "100m"}, {"memory", "64Mi"}}}}},
          {"volumeMounts", std::move(mounts)},
          {"terminationMessagePolicy", "FallbackToLogsOnError"},
          {"securityContext", locked_down()}};
}

int grace_seconds(const Input& in) {
  return in.runtime().grace_seconds.value_or(kDefaultGraceSeconds);
}

Json engine_args(const Input& in) {
  const InferenceService& owner = in.owner;
  Json args = Json::array(
      {"--model-dir=/models",
       fmt::format("--model-name={}/{}", owner.metadata.namespace_, owner.metadata.name),
       "--alias=" + owner.metadata.name, fmt::format("--port={}", kPort),
       "--engine=" + in.runtime().engine, "--drain-delay=5s",
       fmt::format("--grace={}", grace_seconds(in))});
  if (owner.spec.gpu) args.push_back("--expect-accelerator=cuda");
  const auto& engine = owner.spec.engine;
  if (engine && engine->context_length)
    args.push_back(fmt::format("--context-length={}", *engine->context_length));
  args.push_back("--");
  for (const std::string& arg : in.runtime().command) args.push_back(arg);
  for (const std::string& arg : in.runtime().args) args.push_back(arg);
  if (engine)
    for (const std::string& arg : engine->args) args.push_back(arg);
  return args;
}

Json environment(const Input& in) {
  Json out = Json::array();
  // The user's value wins over the runtime's of the same name.
  for (const EnvVar& variable : in.runtime().env) {
    const bool replaced = std::ranges::any_of(
        in.pod.env, [&](const EnvVar& own) { return own.name == variable.name; });
    if (!replaced) out.push_back(encode(variable));
  }
  for (const EnvVar& variable : in.pod.env) out.push_back(encode(variable));
  return out;
}

bool exceeds(const std::string& request, const std::string& limit) {
  const auto asked = parse_bytes(request), most = parse_bytes(limit);
  if (asked && most && *asked != *most) return *asked > *most;
  const auto asked_milli = parse_milli(request), most_milli = parse_milli(limit);
  return asked_milli && most_milli && *asked_milli > *most_milli;
}

// The API server refuses a request above its limit: of the two, the one that was there before gives
// way.
void lay_over(Resources& wanted, const std::optional<Resources>& over) {
  if (!over) return;
  for (const auto& [name, amount] : over->requests) wanted.requests[name] = amount;
  for (const auto& [name, amount] : over->limits) wanted.limits[name] = amount;
  for (auto& [name, limit] : wanted.limits) {
    const auto request = wanted.requests.find(name);
    if (request == wanted.requests.end() || !exceeds(request->second, limit)) continue;
    if (over->limits.contains(name))
      request->second = limit;
    else
      limit = request->second;
  }
}

Json resources(const Input& in) {
  Resources wanted{{{"cpu", "500m"}, {"memory", "512Mi"}}, {}};
  lay_over(wanted, in.runtime().resources);
  lay_over(wanted, in.pod.resources);
  if (const auto& gpu = in.revision.pinned.gpu) {
    // Extended resources cannot be overcommitted: request and limit are one number.
    wanted.requests[gpu->resource] = std::to_string(gpu->count);
    wanted.limits[gpu->resource] = std::to_string(gpu->count);
  }
  return encode(wanted);
}

Json probe(const char* path, int period, int failures) {
  return {{"httpGet", {{"path", path}, {"port", "http"}, {"scheme", "HTTP"}}},
          {"periodSeconds", period},
          {"timeoutSeconds", 3},
          {"successThreshold", 1},
          {"failureThreshold", failures}};
}

Json engine_container(const Input& in) {
  const ServingRuntimeSpec& runtime = in.runtime();
  Json mounts = shared_mounts(in);
  mounts.push_back(mount("slipway-models", "/models", true));
  mounts.push_back(mount("slipway-agent", "/slipway", true));
  mounts.push_back(mount("slipway-run", "/run/slipway", false));
  mounts.push_back(mount("slipway-tmp", "/tmp", false));
  if (!in.pod.shm.empty() || !runtime.shm.empty())
    mounts.push_back(mount("slipway-shm", "/dev/shm", false));
  const int startup = runtime.startup_seconds.value_or(kDefaultStartupSeconds);
  Json container{
      {"name", "engine"},
      {"image", runtime.image},
      {"imagePullPolicy",
       runtime.image_pull_policy.empty() ? "IfNotPresent" : runtime.image_pull_policy},
      {"command", Json::array({"/slipway/slipway-agent", "run"})},
      {"args", engine_args(in)},
      {"ports", Json::array({{{"name", "http"}, {"containerPort", kPort}, {"protocol", "TCP"}}})},
      {"resources", resources(in)},
      {"volumeMounts", std::move(mounts)},
      {"startupProbe", probe("/startupz", 1, startup)},
      {"readinessProbe", probe("/readyz", 2, 1)},
      {"livenessProbe", probe("/livez", 10, 3)},
      {"terminationMessagePolicy", "FallbackToLogsOnError"},
      {"securityContext", locked_down()}};
  if (Json env = environment(in); !env.empty()) container["env"] = std::move(env);
  return container;
}

Json tolerations(const Input& in) {
  Json out = Json::array();
  for (const Toleration& toleration : in.pod.tolerations) out.push_back(encode(toleration));
  const auto add = [&](const char* key, Json toleration) {
    const bool given = std::ranges::any_of(
        in.pod.tolerations, [&](const Toleration& t) { return t.key.empty() || t.key == key; });
    toleration["key"] = key;
    if (!given) out.push_back(std::move(toleration));
  };
  for (const char* taint : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})
    add(taint,
        {{"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", kNodeGoneSeconds}});
  if (in.revision.pinned.gpu)
    add("nvidia.com/gpu", {{"operator", "Exists"}, {"effect", "NoSchedule"}});
  return out;
}

Json topology_spread(const Input& in) {
  const Json selector{{"matchLabels",
                       {{kServiceLabel, bounded_name(in.owner.metadata.name)},
                        {kRevisionLabel, in.revision.hash}}}};
  const auto spread = [&](const std::string& key, int skew, const std::string& otherwise) {
    return Json{{"topologyKey", key},
                {"maxSkew", skew},
                {"whenUnsatisfiable", otherwise},
                {"labelSelector", selector}};
  };
  Json out = Json::array();
  for (const TopologySpread& own : in.pod.topology_spread)
    out.push_back(
        spread(own.topology_key, own.max_skew,
               own.when_unsatisfiable.empty() ? "ScheduleAnyway" : own.when_unsatisfiable));
  if (out.empty())
    for (const char* key : {"kubernetes.io/hostname", "topology.kubernetes.io/zone"})
      out.push_back(spread(key, 1, "ScheduleAnyway"));
  return out;
}

Json pull_secrets(const Input& in) {
  Json out = Json::array();
  for (const LocalReference& secret : in.runtime().image_pull_secrets)
    out.push_back(encode(secret));
  for (const LocalReference& secret : in.pod.image_pull_secrets) {
    Json one = encode(secret);
    if (std::ranges::find(out, one) == out.end()) out.push_back(std::move(one));
  }
  return out;
}

// The user's affinity, and that a node's whole GPUs are large enough: nodes with smaller ones offer
// the same resource. The label is that of GPU feature discovery; node autoscalers know it too.
std::optional<Affinity> affinity(const Input& in) {
  std::optional<Affinity> out = in.pod.affinity;
  const auto& gpu = in.revision.pinned.gpu;
  if (!gpu || gpu->least_mib == 0) return out;
  if (!out) out.emplace();
  if (!out->node_affinity) out->node_affinity.emplace();
  auto& required = out->node_affinity->required;
  if (!required) required.emplace();
  if (required->terms.empty()) required->terms.emplace_back();
  // One of the terms has to match, so each gets the requirement.
  for (NodeSelectorTerm& term : required->terms)
    term.match_expressions.push_back(
        {"nvidia.com/gpu.memory", "Gt", {std::to_string(gpu->least_mib - 1)}});
  return out;
}

void add_placement(Json& spec, const Input& in) {
  const PodOverride& pod = in.pod;
  if (!pod.node_selector.empty()) spec["nodeSelector"] = pod.node_selector;
  if (const auto wanted = affinity(in)) spec["affinity"] = encode(*wanted);
  spec["tolerations"] = tolerations(in);
  spec["topologySpreadConstraints"] = topology_spread(in);
  if (!pod.service_account_name.empty()) spec["serviceAccountName"] = pod.service_account_name;
  if (!pod.runtime_class_name.empty()) spec["runtimeClassName"] = pod.runtime_class_name;
  if (!pod.priority_class_name.empty()) spec["priorityClassName"] = pod.priority_class_name;
  if (Json secrets = pull_secrets(in); !secrets.empty()) spec["imagePullSecrets"] = secrets;
}

}  // namespace

Json render_pod_template(const InferenceService& owner, const Revision& revision) {
  const Input in{owner, revision, owner.spec.pod.value_or(PodOverride{})};
  Json labels = child_labels(owner, revision.hash);
  for (const auto& [key, value] : in.pod.labels) labels[key] = value;
  Json annotations{{kModelAnnotation, revision.model_name}};
  for (const auto& [key, value] : in.pod.annotations) annotations[key] = value;

  Json spec{{"automountServiceAccountToken", false},
            {"enableServiceLinks", false},
            {"terminationGracePeriodSeconds", grace_seconds(in)},
            {"securityContext",
             {{"runAsNonRoot", true},
              {"runAsUser", kUser},
              {"runAsGroup", kUser},
              {"fsGroup", kUser},
              {"fsGroupChangePolicy", "OnRootMismatch"},
              {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
            {"initContainers", Json::array({fetch_container(in)})},
            {"containers", Json::array({engine_container(in)})},
            {"volumes", volumes(in)}};
  add_placement(spec, in);
  return {{"metadata", {{"labels", std::move(labels)}, {"annotations", std::move(annotations)}}},
          {"spec", std::move(spec)}};
}

}  // namespace slipway::inference_service

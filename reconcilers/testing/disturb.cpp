#include "reconcilers/testing/disturb.hpp"

#include <array>

#include "crds/types/agent_report.hpp"
#include "crds/types/decode.hpp"
#include "crds/types/encode.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/testing/wish.hpp"

namespace slipway::testing {
namespace {

constexpr std::size_t kLongText = 5000;

template <class T, std::size_t kSize>
const T& one_of(FuzzInput& input, const std::array<T, kSize>& all) {
  return all[input.below(kSize)];
}

std::string text(FuzzInput& input, std::size_t max_length = kLongText) {
  return input.below(3) == 0 ? "" : drawn_text(input, max_length);
}

const std::string kDigestA = "sha256:" + std::string(64, 'a');
const std::string kDigestB = "sha256:" + std::string(64, 'b');

}  // namespace

std::string drawn_service_name(FuzzInput& input) {
  static const std::array<std::string, 9> kNames{"chat",
                                                 "a",
                                                 std::string(56, 'a'),
                                                 std::string(57, 'a') + "-" + "b",
                                                 std::string(62, 'a'),
                                                 std::string(63, 'a'),
                                                 std::string(64, 'a'),
                                                 "a" + std::string(60, '-') + "bc",
                                                 std::string(253, 'a')};
  return one_of(input, kNames);
}

void Disturbance::happen() {
  switch (input_.below(11)) {
    case 0:
    case 1:
      return edit_service();
    case 2:
    case 3:
      return add_pod();
    case 4:
      return touch_child();
    case 5:
      return put_runtime();
    case 6:
      return put_model();
    case 7:
      return put_node();
    case 8:
      return refuse();
    case 9:
      return restore_status();
    default:
      return cluster_.remove_pods();
  }
}

void Disturbance::edit_service() {
  auto spec = decode<InferenceServiceSpec>(cluster_.service()["spec"].dump());
  edit(*spec, input_);
  cluster_.set_spec(encode(*spec));
}

// A revision that exists, or any other value that a label can have.
std::string Disturbance::revision() {
  static const std::array<std::string, 4> kOthers{"none", std::string(63, 'r'),
                                                  std::string(31, 'r'), "A_b.c"};
  std::vector<std::string> known;
  for (const Json& object : cluster_.objects())
    if (object.at("kind") == "Deployment" && object["metadata"].contains("labels"))
      known.push_back(object["metadata"]["labels"].value(kRevisionLabel, "none"));
  const std::uint64_t at = input_.below(known.size() + kOthers.size());
  return at < known.size() ? known[at] : kOthers[at - known.size()];
}

void Disturbance::add_pod() {
  const Json& service = cluster_.service()["metadata"];
  Json pod{{"kind", "Pod"},
           {"metadata",
            {{"name", "pod-" + std::to_string(cluster_.pods().size())},
             {"namespace", service["namespace"]},
             {"labels",
              {{kServiceLabel, bounded_name(service["name"].get<std::string>())},
               {kRevisionLabel, revision()}}}}},
           {"status", input_.below(3) == 0 ? Json::parse(kReadyPod) : pod_status()}};
  if (input_.below(8) == 7) pod["metadata"]["deletionTimestamp"] = "2026-11-23T14:02:00Z";
  const auto keys = cluster_.keys();
  if (keys.size() > 1)
    pod["metadata"]["annotations"][kModelAnnotation] = keys[input_.below(keys.size())].name;
  cluster_.add_pod(std::move(pod));
}

Json Disturbance::pod_status() {
  static const std::array<const char*, 6> kPhases{"Pending",   "Running", "Failed",
                                                  "Succeeded", "Unknown", ""};
  static const std::array<const char*, 4> kTypes{"Ready", "PodScheduled", "Initialized",
                                                 "DisruptionTarget"};
  static const std::array<const char*, 3> kStates{"True", "False", "Unknown"};
  static const std::array<const char*, 4> kReasons{"", "Evicted", "no reason!", "Unschedulable"};
  Json status{{"phase", one_of(input_, kPhases)},
              {"reason", one_of(input_, kReasons)},
              {"message", text(input_)}};
  for (std::uint64_t left = input_.below(3); left > 0; --left)
    status["conditions"].push_back({{"type", one_of(input_, kTypes)},
                                    {"status", one_of(input_, kStates)},
                                    {"reason", one_of(input_, kReasons)},
                                    {"message", text(input_)}});
  for (const char* list : {"initContainerStatuses", "containerStatuses"})
    for (std::uint64_t left = input_.below(3); left > 0; --left)
      status[list].push_back(container_status());
  return status;
}

Json Disturbance::container_status() {
  static const std::array<const char*, 3> kNames{"model", "engine", "sidecar"};
  static const std::array<int, 4> kRestarts{0, 1, 7, 2147483647};
  return {{"name", one_of(input_, kNames)}, {"image", text(input_, 300)},
          {"ready", input_.below(2) == 1},  {"restartCount", one_of(input_, kRestarts)},
          {"state", container_state()},     {"lastState", container_state()}};
}

Json Disturbance::container_state() {
  static const std::array<const char*, 6> kWaits{"CrashLoopBackOff",  "ErrImagePull",
                                                 "ImagePullBackOff",  "PodInitializing",
                                                 "RunContainerError", "CreateContainerConfigError"};
  static const std::array<const char*, 4> kEnds{"Error", "OOMKilled", "Completed", ""};
  static const std::array<int, 5> kCodes{0, 1, 137, -1, 2147483647};
  switch (input_.below(4)) {
    case 0:
      return Json::object();
    case 1:
      return {{"running", {{"startedAt", "2026-11-23T14:02:00Z"}}}};
    case 2:
      return {{"waiting", {{"reason", one_of(input_, kWaits)}, {"message", text(input_)}}}};
    default:
      return {{"terminated",
               {{"exitCode", one_of(input_, kCodes)},
                {"reason", one_of(input_, kEnds)},
                {"message", termination_message()}}}};
  }
}

// What the agent writes, or what any other program leaves there.
std::string Disturbance::termination_message() {
  static const std::array<std::string, 5> kReasons{"Verified", "DigestMismatch", "NotFound",
                                                   "no reason!", std::string(65, 'R')};
  static const std::array<std::string, 4> kDigests{kDigestA, kDigestB, "", std::string(90, 'd')};
  static const std::array<std::int64_t, 4> kNumbers{0, 1'459'008, -1, 9223372036854775807};
  if (input_.below(3) == 0) return drawn_text(input_, 4096);
  AgentReport report;
  report.reason = one_of(input_, kReasons);
  report.message = text(input_, 3000);
  report.digest = one_of(input_, kDigests);
  report.size_bytes = one_of(input_, kNumbers);
  report.format = input_.below(2) == 0 ? "gguf" : text(input_, 40);
  report.architecture = text(input_, 200);
  report.parameters = one_of(input_, kNumbers);
  report.last_line = text(input_, 500);
  return encode(report).dump();
}

void Disturbance::touch_child() {
  auto& objects = cluster_.objects();
  const std::size_t at = input_.below(objects.size());
  Json& object = objects[at];
  switch (input_.below(7)) {
    case 0:
      object["metadata"]["deletionTimestamp"] = "2026-11-23T14:02:00Z";
      return;
    case 1:
      object["metadata"]["ownerReferences"] = Json::array();
      return;
    case 2:
      objects.erase(objects.begin() + static_cast<std::ptrdiff_t>(at));
      return;
    case 3:
      object["metadata"]["labels"][kRevisionLabel] = revision();
      return;
    case 4:
      object["metadata"]["labels"][kServiceLabel] = "another";
      return;
    default:
      if (object["kind"] == "Deployment") touch_deployment(object);
      if (object["kind"] == "Service") object["spec"]["selector"][kRevisionLabel] = revision();
  }
}

void Disturbance::touch_deployment(Json& deployment) {
  static const std::array<int, 5> kReplicas{0, 1, 2, 5, 10000};
  static const std::array<const char*, 3> kAnnotations{kModelAnnotation, kPinnedAnnotation,
                                                       kScaledByAnnotation};
  switch (input_.below(3)) {
    case 0:
      deployment["spec"]["replicas"] = one_of(input_, kReplicas);
      return;
    case 1:
      deployment["metadata"]["annotations"][one_of(input_, kAnnotations)] = text(input_);
      return;
    default:
      deployment["status"]["conditions"] = Json::array(
          {{{"type", "ReplicaFailure"}, {"status", "True"}, {"message", text(input_)}}});
  }
}

void Disturbance::put_runtime() {
  const bool cluster = input_.below(2) == 0;
  const Json name = input_.below(2) == 0 ? "llama-cpp" : drawn_name(input_, 253);
  const char* kind = cluster ? ClusterServingRuntime::kKind : ServingRuntime::kKind;
  auto& objects = cluster_.objects();
  std::erase_if(objects, [&](const Json& object) {
    return object.at("kind") == kind && object.at("metadata").at("name") == name;
  });
  if (input_.below(4) == 3) return;
  Json runtime{
      {"kind", kind}, {"metadata", {{"name", name}}}, {"spec", encode(drawn_runtime_spec(input_))}};
  if (!cluster) runtime["metadata"]["namespace"] = cluster_.service()["metadata"]["namespace"];
  objects.push_back(std::move(runtime));
}

// The version that the spec names, or one that is there already.
void Disturbance::put_model() {
  Wish wish(input_);
  auto spec = wish.any<ModelVersionSpec>();
  spec.format = spec.format.empty() ? "" : "gguf";
  spec.task = spec.task == "predict" ? "chat" : spec.task;
  spec.digest = input_.below(2) == 0 ? "" : kDigestA;
  const Json wanted = cluster_.service()["spec"]["model"].value("version", "chat-v7");
  auto& objects = cluster_.objects();
  std::erase_if(objects, [&](const Json& object) {
    return object.at("kind") == ModelVersion::kKind && object.at("metadata").at("name") == wanted;
  });
  objects.push_back({{"kind", ModelVersion::kKind},
                     {"metadata",
                      {{"name", wanted},
                       {"namespace", cluster_.service()["metadata"]["namespace"]},
                       {"uid", "model-1"},
                       {"generation", 1 + input_.below(3)}}},
                     {"spec", encode(spec)},
                     {"status", encode(wish.any<ModelVersionStatus>())}});
}

void Disturbance::put_node() {
  static const std::array<const char*, 4> kResources{"nvidia.com/gpu", "nvidia.com/mig-1g.10gb",
                                                     "nvidia.com/mig-2g.20gb",
                                                     "nvidia.com/mig-2g.20gb.shared"};
  static const std::array<const char*, 6> kAmounts{"1", "8", "0", "-1", "4294967297", "1k"};
  static const std::array<const char*, 5> kMemory{"81920", "23034", "0", "x",
                                                  "9223372036854775807"};
  const char* resource = one_of(input_, kResources);
  const std::string label =
      std::string(resource) + (resource == kResources[0] ? "" : ".") + "memory";
  Json node{{"kind", "Node"},
            {"metadata", {{"name", input_.below(2) == 0 ? "node-a" : std::string(253, 'n')}}},
            {"spec", {{"unschedulable", input_.below(8) == 7}}},
            {"status", {{"allocatable", {{resource, one_of(input_, kAmounts)}}}}}};
  node["metadata"]["labels"] = {
      {resource == kResources[0] ? "nvidia.com/gpu.memory" : label, one_of(input_, kMemory)},
      {"nvidia.com/gpu.product", std::string(63, 'P')}};
  cluster_.add(std::move(node));
}

void Disturbance::refuse() {
  static const std::array<Fault, 5> kFaults{Fault::Conflict, Fault::Invalid, Fault::Forbidden,
                                            Fault::AlreadyExists, Fault::NotFound};
  if (input_.below(2) == 0) return cluster_.refuse(std::nullopt);
  const std::string quota = input_.below(2) == 0 ? "403: exceeded quota: " : "422: ";
  cluster_.refuse(Refusal{{"v1", "Service", "prod", "chat"},
                          {one_of(input_, kFaults), quota + text(input_), std::nullopt}});
}

// From a backup, or by another writer; the object is the same or is going away.
void Disturbance::restore_status() {
  if (input_.below(8) == 7) {
    cluster_.service()["metadata"]["deletionTimestamp"] = "2026-11-23T14:02:00Z";
    return;
  }
  auto status = Wish(input_).any<InferenceServiceStatus>();
  if (status.revision) status.revision->stable = revision();
  cluster_.service()["status"] = encode(status);
}

}  // namespace slipway::testing

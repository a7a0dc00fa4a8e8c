#include "crds/types/k8s/projection.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace slipway {
namespace {

Json desired_deployment() {
  return Json::parse(R"({
    "apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {
      "name": "chat-4f2k9", "namespace": "default",
      "labels": {"serving.slipway.dev/service": "chat", "app.kubernetes.io/managed-by": "slipway"},
      "annotations": {"serving.slipway.dev/pinned": "{\"image\":\"a\"}"},
      "ownerReferences": [{"apiVersion": "serving.slipway.dev/v1alpha1", "kind": "InferenceService",
        "name": "chat", "uid": "u-1", "controller": true, "blockOwnerDeletion": true}]},
    "spec": {
      "revisionHistoryLimit": 1, "progressDeadlineSeconds": 600,
      "selector": {"matchLabels": {"serving.slipway.dev/service": "chat"}},
      "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
      "template": {
        "metadata": {"labels": {"serving.slipway.dev/service": "chat", "team": "a"},
                     "annotations": {"serving.slipway.dev/model": "chat-abc12"}},
        "spec": {
          "automountServiceAccountToken": false, "enableServiceLinks": false,
          "terminationGracePeriodSeconds": 60,
          "nodeSelector": {"disk": "fast"},
          "tolerations": [{"key": "gpu", "operator": "Exists", "tolerationSeconds": 30}],
          "securityContext": {"runAsNonRoot": true, "runAsUser": 65532,
                              "seccompProfile": {"type": "RuntimeDefault"}},
          "initContainers": [{"name": "model", "image": "slipway:1", "args": ["--uri=https://x"],
            "resources": {"requests": {"cpu": "100m"}},
            "securityContext": {"capabilities": {"drop": ["ALL"]}}}],
          "containers": [{"name": "engine", "image": "engine:1", "imagePullPolicy": "IfNotPresent",
            "command": ["/slipway/slipway-agent", "run"], "args": ["--port=8080", "--"],
            "env": [{"name": "A", "value": "1"},
                    {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
            "ports": [{"name": "http", "containerPort": 8080}],
            "resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"},
                          "limits": {"nvidia.com/gpu": "1"}},
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, "periodSeconds": 2,
                               "failureThreshold": 1},
            "terminationMessagePolicy": "FallbackToLogsOnError"}],
          "volumes": [{"name": "tmp", "emptyDir": {}},
                      {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "2048Mi"}},
                      {"name": "ca", "configMap": {"name": "ca"}}]}}}})");
}

// The same members in the opposite order, at every level.
Json reversed(const Json& value) {
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& item : value) out.push_back(reversed(item));
    return out;
  }
  if (!value.is_object()) return value;
  std::vector<std::pair<std::string, Json>> members;
  for (const auto& [key, inner] : value.items()) members.emplace_back(key, reversed(inner));
  Json out = Json::object();
  for (auto member = members.rbegin(); member != members.rend(); ++member)
    out[member->first] = member->second;
  return out;
}

// What an API server makes of it: defaults, status, other writers, its own spelling of numbers.
Json stored(Json object) {
  Json& metadata = object["metadata"];
  metadata["uid"] = "u-2";
  metadata["resourceVersion"] = "1234";
  metadata["generation"] = 1;
  metadata["managedFields"] =
      Json::array({{{"manager", "slipway"}, {"fieldsV1", {{"f:spec", {}}}}}});
  metadata["labels"]["argocd.argoproj.io/instance"] = "x";
  metadata["annotations"]["deployment.kubernetes.io/revision"] = "1";
  metadata["ownerReferences"].push_back({{"kind", "Watcher"}, {"uid", "w"}, {"name", "w"}});
  Json& spec = object["spec"];
  spec["replicas"] = 7;
  Json& pod = spec["template"]["spec"];
  pod["restartPolicy"] = "Always";
  pod["dnsPolicy"] = "ClusterFirst";
  pod["schedulerName"] = "default-scheduler";
  pod["containers"].insert(pod["containers"].begin(), Json{{"name", "proxy"}, {"image", "mesh"}});
  spec["template"]["metadata"]["creationTimestamp"] = nullptr;
  spec["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = "now";
  Json& engine = pod["containers"][1];
  engine["ports"][0]["protocol"] = "TCP";
  engine["env"][1]["valueFrom"]["fieldRef"]["apiVersion"] = "v1";
  engine["resources"]["requests"] = {{"cpu", "500m"}, {"memory", "1Gi"}};
  engine["terminationMessagePath"] = "/dev/termination-log";
  engine["readinessProbe"]["successThreshold"] = 1;
  engine["readinessProbe"]["timeoutSeconds"] = 1;
  engine["readinessProbe"]["httpGet"]["scheme"] = "HTTP";
  pod["initContainers"][0]["terminationMessagePolicy"] = "File";
  pod["volumes"][1]["emptyDir"]["sizeLimit"] = "2Gi";
  pod["volumes"][2]["configMap"]["defaultMode"] = 420;
  object["status"] = {{"replicas", 7}};
  return reversed(object);
}

Projection live(std::string_view kind, const Json& object) {
  const auto projected = project(*shape_of(kind), std::string_view(object.dump()));
  EXPECT_TRUE(projected) << projected.error().what;
  return projected.value_or(Projection{});
}

void collect_leaves(const Json& value, const Json::json_pointer& at,
                    std::vector<Json::json_pointer>& out) {
  if (!value.is_structured()) out.push_back(at);
  if (value.is_object())
    for (const auto& [key, inner] : value.items()) collect_leaves(inner, at / key, out);
  if (value.is_array())
    for (std::size_t i = 0; i < value.size(); ++i) collect_leaves(value[i], at / i, out);
}

Json changed(const Json& leaf) {
  if (leaf.is_boolean()) return !leaf.get<bool>();
  if (leaf.is_number()) return leaf.get<int>() + 17;
  return "8" + leaf.get<std::string>();  // also another quantity
}

TEST(Projection, OfWhatTheServerStored_EqualsThatOfWhatWasSent) {
  const Json desired = desired_deployment();
  EXPECT_EQ(live("Deployment", stored(desired)), project(*shape_of("Deployment"), desired));
  EXPECT_EQ(live("Deployment", desired), project(*shape_of("Deployment"), desired));
}

TEST(Projection, OfTwoSpellingsOfTheTree_IsTheSame) {
  Json other = reversed(desired_deployment());
  other["spec"]["template"]["spec"]["hostAliases"] = Json::array();
  other["spec"]["template"]["spec"]["imagePullSecrets"] = Json::array();
  other["spec"]["template"]["spec"]["priorityClassName"] = "";
  other["spec"]["template"]["spec"]["affinity"] = nullptr;
  EXPECT_EQ(project(*shape_of("Deployment"), other),
            project(*shape_of("Deployment"), desired_deployment()));
}

TEST(Projection, ChangesWithEveryFieldThatWeRender) {
  const Json desired = desired_deployment();
  const Projection before = live("Deployment", stored(desired));
  std::vector<Json::json_pointer> leaves;
  collect_leaves(desired, Json::json_pointer(), leaves);
  ASSERT_GT(leaves.size(), 50u);
  for (const auto& leaf : leaves) {
    const std::string path = leaf.to_string();
    if (path == "/apiVersion" || path == "/kind" || path == "/metadata/name" ||
        path == "/metadata/namespace")
      continue;
    Json edited = desired;
    edited[leaf] = changed(desired[leaf]);
    EXPECT_FALSE(live("Deployment", edited) == before) << path;
    Json removed = desired;
    Json& parent = removed[leaf.parent_pointer()];
    if (parent.is_object()) {
      parent.erase(leaf.back());
      // Without the member that tells ours from a stranger's, or at a default, others rules hold.
      if (desired[leaf] == 600 || desired[leaf] == "RollingUpdate") continue;
      EXPECT_FALSE(live("Deployment", removed) == before) << "removed " << path;
    }
  }
}

TEST(Projection, KeepsTheOrderOfLists) {
  Json other = desired_deployment();
  Json& engine = other["spec"]["template"]["spec"]["containers"][0];
  std::swap(engine["command"][0], engine["command"][1]);
  EXPECT_FALSE(live("Deployment", other) == live("Deployment", desired_deployment()));
}

TEST(Projection, IgnoresReplicas) {
  Json other = desired_deployment();
  other["spec"]["replicas"] = 3;
  EXPECT_EQ(live("Deployment", other), live("Deployment", desired_deployment()));
}

TEST(Projection, TellsKindsOfValuesApart) {
  const Shape& shape = *shape_of("PodDisruptionBudget");
  const auto of = [&](Json value) {
    return project(shape, Json{{"spec", {{"maxUnavailable", std::move(value)}}}});
  };
  EXPECT_FALSE(of(1) == of("1"));
  EXPECT_FALSE(of(1) == of(true));
  EXPECT_FALSE(of(1) == of(-1));
  EXPECT_FALSE(of(0) == of(nullptr));
  EXPECT_FALSE(of(Json::array({Json::object()})) == of(Json::array()));
  EXPECT_EQ(of(1), of(1.0));
  EXPECT_EQ(of(""), of(nullptr));
}

TEST(Projection, FillsInTheOtherDirectionOfAnAutoscaler) {
  const Json desired{
      {"spec",
       {{"maxReplicas", 3}, {"behavior", {{"scaleDown", {{"stabilizationWindowSeconds", 60}}}}}}}};
  const Json answered = Json::parse(R"({"spec": {"minReplicas": 1, "maxReplicas": 3, "behavior": {
    "scaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [
      {"type": "Pods", "value": 4, "periodSeconds": 15},
      {"type": "Percent", "value": 100, "periodSeconds": 15}]},
    "scaleDown": {"stabilizationWindowSeconds": 60, "selectPolicy": "Max", "policies": [
      {"type": "Percent", "value": 100, "periodSeconds": 15}]}}}})");
  EXPECT_EQ(live("HorizontalPodAutoscaler", answered),
            project(*shape_of("HorizontalPodAutoscaler"), desired));
}

TEST(Projection, OfBytesThatAreNoObject_IsAnError) {
  for (const char* text : {"", "{", "[1,2", R"({"spec":{"ports":[{"port":}]}})", "{} {}"}) {
    const auto projected = project(*shape_of("Service"), std::string_view(text));
    ASSERT_FALSE(projected) << text;
    EXPECT_EQ(projected.error().fault, Fault::Malformed);
  }
}

TEST(Covers, NamesTheFirstFieldThatIsNeverCompared) {
  const Shape& shape = *shape_of("Deployment");
  EXPECT_TRUE(covers(shape, desired_deployment()));
  const auto complaint = [&](const char* pointer, Json value) {
    Json object = desired_deployment();
    object[Json::json_pointer(pointer)] = std::move(value);
    const auto covered = covers(shape, object);
    return covered ? "" : covered.error().what;
  };
  EXPECT_EQ(complaint("/spec/template/spec/hostNetwork", true),
            ".spec.template.spec.hostNetwork is rendered but never compared");
  EXPECT_EQ(complaint("/spec/template/spec/containers/0/name", "other"),
            ".spec.template.spec.containers[0] is rendered but never compared");
  EXPECT_EQ(complaint("/metadata/labels/team", "a"),
            ".metadata.labels[team] is rendered but never compared");
  EXPECT_EQ(complaint("/spec/replicas", 3), "");
}

TEST(ShapeOf, KnowsOnlyWhatWeRender) {
  EXPECT_NE(shape_of("Service"), nullptr);
  EXPECT_EQ(shape_of("Secret"), nullptr);
}

}  // namespace
}  // namespace slipway

// The course of a service over several plans: each test plays the API server and the kubelet by
// hand, object by object.
#include "reconcilers/inference_service/plan.hpp"

#include <gtest/gtest.h>

#include "reconcilers/testing/cluster.hpp"

namespace slipway {
namespace {

using testing::Cluster;
using testing::kReadyPod;

TEST(Plan, FirstRevisionServesAtOnceAndIsReadyWithItsPod) {
  Cluster cluster;
  const auto deployments = cluster.settle();
  ASSERT_EQ(deployments.size(), 1U);
  EXPECT_EQ("chat-" + cluster.selected(), deployments[0]);
  EXPECT_EQ(cluster.status()["state"], "Pending");
  EXPECT_EQ(cluster.condition("Ready", "status"), "False");

  cluster.add_pod(deployments[0], kReadyPod);
  cluster.settle();
  EXPECT_EQ(cluster.status()["state"], "Stable");
  EXPECT_EQ(cluster.status()["ready"], "1/1");
  EXPECT_EQ(cluster.condition("Ready", "status"), "True");
  EXPECT_EQ(cluster.condition("Reconciling", "status"), "False");
}

TEST(Plan, OldRevisionServesUntilTheNewOneIsReady) {
  Cluster cluster;
  const std::string old = cluster.settle().at(0);
  cluster.add_pod(old, kReadyPod);
  cluster.settle();

  cluster.set_spec(R"({"model":{"uri":"pvc://models/b.gguf"}})");
  auto deployments = cluster.settle();
  ASSERT_EQ(deployments.size(), 2U);
  EXPECT_EQ("chat-" + cluster.selected(), old);
  EXPECT_EQ(cluster.status()["state"], "Preparing");
  EXPECT_EQ(cluster.status()["weight"], "0");
  EXPECT_EQ(cluster.condition("Ready", "reason"), "PreviousRevisionServes");
  EXPECT_EQ(cluster.names("ModelVersion").size(), 2U);

  cluster.add_pod(deployments[1], kReadyPod);
  const std::string fresh = deployments[1];
  deployments = cluster.settle();
  EXPECT_EQ(deployments, std::vector{fresh});
  EXPECT_EQ("chat-" + cluster.selected(), fresh);
  EXPECT_EQ(cluster.names("ModelVersion").size(), 1U);
  EXPECT_EQ(cluster.status()["weight"], "100");
}

// What the cache still says of the old revision: its Deployment is going, its pods look ready.
TEST(Plan, AskedForAgainWhileItsDeploymentIsGoing_ARevisionGetsNoTraffic) {
  Cluster cluster;
  const std::string old = cluster.settle().at(0);
  cluster.add_pod(old, kReadyPod);
  cluster.settle();
  Json going = *cluster.find("Deployment");
  going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  cluster.set_spec(R"({"model":{"uri":"pvc://models/b.gguf"}})");
  const std::string fresh = cluster.settle().at(1);
  cluster.add_pod(fresh, kReadyPod);
  cluster.settle();
  ASSERT_EQ("chat-" + cluster.selected(), fresh);

  cluster.add(going);
  cluster.set_spec(R"({"model":{"uri":"pvc://models/a.gguf"}})");
  cluster.settle();
  EXPECT_EQ("chat-" + cluster.selected(), fresh);
  // Nor does it get any when somebody deletes the Service meanwhile.
  cluster.remove("Service");
  cluster.add_pod(old, kReadyPod);
  cluster.settle();
  EXPECT_EQ("chat-" + cluster.selected(), fresh);
}

TEST(Plan, BrokenFirstRevisionMakesRoomForItsFix) {
  Cluster cluster;
  const std::string broken = cluster.settle().at(0);
  cluster.add_pod(broken,
                  R"({"phase":"Pending","initContainerStatuses":[{"name":"model","image":"i",
    "state":{"waiting":{"reason":"ImagePullBackOff","message":"401 unauthorized"}}}]})");
  cluster.settle();
  EXPECT_EQ(cluster.status()["state"], "Blocked");
  EXPECT_EQ(cluster.condition("Stalled", "reason"), "ImagePull");
  EXPECT_EQ(cluster.status()["summary"],
            "image i cannot be pulled: 401 unauthorized; spec.pod.imagePullSecrets is empty");

  cluster.set_spec(R"({"model":{"uri":"pvc://models/b.gguf"}})");
  const auto deployments = cluster.settle();
  EXPECT_EQ(deployments.size(), 1U);
  EXPECT_NE(deployments[0], broken);
}

TEST(Plan, ABlockedCandidateLeavesTheStableRevisionAlone) {
  Cluster cluster;
  const std::string old = cluster.settle().at(0);
  cluster.add_pod(old, kReadyPod);
  cluster.settle();
  cluster.set_spec(R"({"model":{"uri":"pvc://models/b.gguf"}})");
  const std::string fresh = cluster.settle().at(1);
  cluster.add_pod(fresh, R"({"phase":"Pending","initContainerStatuses":[{"name":"model","image":"i",
    "state":{"terminated":{"exitCode":1,"reason":"Error","message":
    "{\"reason\":\"DigestMismatch\",\"message\":\"model.gguf has sha256 77, expected 91\"}"}}}]})");
  cluster.settle();
  EXPECT_EQ("chat-" + cluster.selected(), old);
  EXPECT_EQ(cluster.status()["state"], "Blocked");
  EXPECT_EQ(cluster.condition("Ready", "status"), "True");
  EXPECT_EQ(cluster.condition("Stalled", "reason"), "DigestMismatch");
  const std::string summary = cluster.status()["summary"];
  EXPECT_TRUE(summary.starts_with("model.gguf has sha256 77, expected 91; chat-")) << summary;

  cluster.set_spec(R"({"model":{"uri":"pvc://models/a.gguf"}})");  // the user takes it back
  EXPECT_EQ(cluster.settle(), std::vector{old});
  EXPECT_EQ(cluster.status()["state"], "Stable");
}

TEST(Plan, ADeletedServiceDoesNotMoveTraffic) {
  Cluster cluster;
  const std::string old = cluster.settle().at(0);
  cluster.add_pod(old, kReadyPod);
  cluster.settle();
  cluster.set_spec(R"({"model":{"uri":"pvc://models/b.gguf"}})");
  cluster.settle();
  cluster.remove("Service");
  EXPECT_EQ(cluster.settle().size(), 2U);
  EXPECT_EQ("chat-" + cluster.selected(), old);
}

TEST(Plan, EngineThatWasKilledForMemoryIsToldAsSuch) {
  Cluster cluster;
  cluster.add_pod(cluster.settle().at(0),
                  R"({"phase":"Running","containerStatuses":[{"name":"engine","restartCount":3,
    "state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":137,
    "reason":"OOMKilled","message":"load\nfailed to allocate 2.1 GiB\n"}}}]})");
  cluster.settle();
  EXPECT_EQ(cluster.condition("Stalled", "reason"), "OutOfMemory");
  EXPECT_EQ(cluster.status()["summary"],
            "engine was killed: out of memory, exit 137 (3 restarts); last line: failed to "
            "allocate 2.1 GiB");
}

TEST(Plan, RefusalOfAChildIsTold) {
  Cluster cluster;
  const Refusal refusal{{"apps/v1", "Deployment", "prod", "chat-x"},
                        {Fault::Forbidden, "exceeded quota: small, used 2, limited 2", {}}};
  cluster.refuse(refusal);
  const Plan plan = cluster.plan();
  const auto* status = std::get_if<SetStatus>(&plan.actions.at(plan.actions.size() - 2));
  ASSERT_NE(status, nullptr);
  EXPECT_EQ(status->status["state"], "Blocked");
  EXPECT_EQ(status->status["summary"], "exceeded quota: small, used 2, limited 2");
}

TEST(Plan, AnEditedRuntimeRestartsNothing) {
  Cluster cluster;
  cluster.settle();
  cluster.remove("ClusterServingRuntime");
  Cluster other;
  EXPECT_EQ(cluster.settle().size(), 1U);  // the runtime is even gone: the pinned one is used
  EXPECT_EQ(cluster.status()["state"], "Pending");
}

TEST(Plan, HandsTheReplicaCountOverBeforeItStopsSendingIt) {
  Cluster cluster;
  cluster.set_spec(R"({"model":{"uri":"pvc://models/a.gguf"},"replicas":{"min":3}})");
  cluster.settle();
  cluster.set_spec(R"({"model":{"uri":"pvc://models/a.gguf"},"replicas":{"min":2,"max":5}})");
  std::vector<std::string> seen;
  for (const Action& action : cluster.plan().actions)
    if (const auto* apply = std::get_if<Apply>(&action);
        apply && apply->object["kind"] == "Deployment") {
      const Json spec = apply->object["spec"];
      seen.push_back(apply->manager + (spec.contains("replicas") ? spec["replicas"].dump() : "-"));
    }
  EXPECT_EQ(seen, (std::vector<std::string>{"slipway-scale3", "slipway-"}));
}

// A label's value can have 63 characters, and anybody in the namespace can write one.
TEST(Plan, APodWithALongRevisionStopsNothing) {
  Cluster cluster;
  cluster.set_spec(R"({"model":{"uri":"pvc://models/a.gguf"},"replicas":{"min":1,"max":3}})");
  cluster.add_pod("chat-" + std::string(63, 'r'), kReadyPod);
  cluster.settle();
  EXPECT_EQ(cluster.names("HorizontalPodAutoscaler").size(), 1U);
  EXPECT_EQ(cluster.names("Deployment").size(), 1U);
}

TEST(Plan, AnOddAnnotationOfTheServingDeploymentStaysOutOfTheStatus) {
  Cluster cluster;
  cluster.add_pod(cluster.settle().at(0), kReadyPod);
  cluster.settle();
  (*cluster.find("Deployment"))["metadata"]["annotations"]["serving.slipway.dev/model"] =
      std::string(5000, 'm');
  cluster.set_spec(R"({"model":{"uri":"pvc://models/b.gguf"}})");
  cluster.settle();
  EXPECT_LE(cluster.status()["model"].value("servedVersion", "").size(), 253U);
  EXPECT_LE(cluster.status()["summary"].get<std::string>().size(), 4096U);
}

// A request above its limit would be refused.
TEST(Plan, ALimitBelowTheDefaultRequestLowersIt) {
  Cluster cluster;
  cluster.set_spec(R"({"model":{"uri":"pvc://models/a.gguf"},
    "pod":{"resources":{"limits":{"memory":"256Mi","cpu":"2"}}}})");
  cluster.settle();
  const Json& resources =
      (*cluster.find("Deployment"))["spec"]["template"]["spec"]["containers"][0]["resources"];
  EXPECT_EQ(resources["requests"], (Json{{"cpu", "500m"}, {"memory", "256Mi"}}));
  EXPECT_EQ(resources["limits"], (Json{{"cpu", "2"}, {"memory", "256Mi"}}));
}

}  // namespace
}  // namespace slipway

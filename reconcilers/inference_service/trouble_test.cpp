// What a service says, and does not say, when its pods, children or looked-up objects fail it.
#include <gtest/gtest.h>

#include <algorithm>

#include "reconcilers/testing/cluster.hpp"

namespace slipway {
namespace {

using testing::Cluster;
using testing::kReadyPod;

constexpr const char* kEvicted =
    R"({"phase":"Failed","reason":"Evicted","message":"The node was low on resource: memory."})";

TEST(Trouble, AnAvailableUpdateIsToldOnce) {
  Cluster cluster;
  cluster.settle();
  (*cluster.find("ClusterServingRuntime"))["spec"]["image"] = "llama:2";
  cluster.settle();  // does not come to rest if it is told again each time
  EXPECT_EQ(cluster.condition("UpdateAvailable", "status"), "True");
  (*cluster.find("ClusterServingRuntime"))["spec"]["image"] = "llama:1";
  cluster.settle();
  EXPECT_EQ(cluster.condition("UpdateAvailable", "status"), "absent");
}

TEST(Trouble, AnEvictedPodThatWasReplacedIsNoProblem) {
  Cluster cluster;
  const std::string deployment = cluster.settle().at(0);
  cluster.add_pod(deployment, kEvicted);
  cluster.add_pod(deployment, kReadyPod);
  cluster.settle();
  EXPECT_EQ(cluster.status()["state"], "Stable");
  EXPECT_EQ(cluster.status()["replicas"], 1);
  EXPECT_EQ(cluster.condition("Stalled", "status"), "False");
}

TEST(Trouble, AnEvictedPodWithoutASuccessorIsTheCause) {
  Cluster cluster;
  const std::string deployment = cluster.settle().at(0);
  cluster.add_pod(deployment, kEvicted);
  cluster.add_pod(deployment, R"({"phase":"Pending"})");
  cluster.settle();
  EXPECT_EQ(cluster.condition("Stalled", "reason"), "Evicted");
  EXPECT_EQ(cluster.status()["replicas"], 1);
}

TEST(Trouble, AnEngineThatKeepsEndingWithoutAnErrorIsTold) {
  Cluster cluster;
  cluster.add_pod(cluster.settle().at(0), R"({"phase":"Running","containerStatuses":[
    {"name":"engine","restartCount":4,"state":{"waiting":{"reason":"CrashLoopBackOff"}},
     "lastState":{"terminated":{"exitCode":0,"reason":"Completed"}}}]})");
  cluster.settle();
  EXPECT_EQ(cluster.condition("Stalled", "reason"), "EngineExited");
  EXPECT_EQ(cluster.status()["summary"], "engine exited 0 (4 restarts)");
}

TEST(Trouble, AReasonThatIsNoWordIsNotPassedOn) {
  Cluster cluster;
  Json pod = Json::parse(R"({"containerStatuses":[{"name":"engine",
    "state":{"terminated":{"exitCode":1}}}]})");
  const Json report{{"reason", std::string(3000, 'x')}, {"message", "what the engine wrote"}};
  pod["containerStatuses"][0]["state"]["terminated"]["message"] = report.dump();
  cluster.add_pod(cluster.settle().at(0), pod.dump().c_str());
  cluster.settle();
  EXPECT_EQ(cluster.condition("Stalled", "reason"), "EngineExited");
  EXPECT_EQ(cluster.status()["summary"], "what the engine wrote");
}

TEST(Trouble, ALongMessageIsCutBetweenCharacters) {
  Cluster cluster;
  std::string text = "x";
  for (int i = 0; i < 700; ++i) text += "\u00e9";
  cluster.refuse(Refusal{{"v1", "Service", "prod", "chat"}, {Fault::Forbidden, text, {}}});
  cluster.settle();
  const std::string summary = cluster.status()["summary"];
  EXPECT_EQ(summary.size(), 999U);  // a character of two bytes would end at 1001
  EXPECT_TRUE(text.starts_with(summary));
}

TEST(Trouble, ReadyNeverWaversWhileTrafficMoves) {
  Cluster cluster;
  cluster.add_pod(cluster.settle().at(0), kReadyPod);
  cluster.settle();
  cluster.set_spec(R"({"model":{"uri":"pvc://models/b.gguf"}})");
  cluster.add_pod(cluster.settle().at(1), kReadyPod);
  while (cluster.step()) EXPECT_EQ(cluster.condition("Ready", "status"), "True");
  EXPECT_EQ(cluster.deployments().size(), 1U);
  EXPECT_EQ(std::ranges::count(cluster.events(), "Ready"), 1);
}

TEST(Trouble, TheServiceComesBackWhileTheSpecCannotBeMet) {
  Cluster cluster;
  const std::string old = cluster.settle().at(0);
  cluster.add_pod(old, kReadyPod);
  cluster.settle();
  cluster.set_spec(R"({"model":{"version":"never-made"}})");
  cluster.settle();
  cluster.remove("Service");
  cluster.settle();
  EXPECT_EQ("chat-" + cluster.selected(), old);
  EXPECT_EQ(cluster.condition("Ready", "reason"), "PreviousRevisionServes");
  EXPECT_EQ(cluster.condition("Stalled", "reason"), "ModelNotFound");
}

TEST(Trouble, NothingIsCalledReplacedThatIsOnlyGone) {
  Cluster cluster;
  cluster.settle();
  cluster.set_spec(R"({"model":{"version":"never-made"}})");
  cluster.settle();
  cluster.remove("Deployment");
  cluster.settle();
  EXPECT_EQ(std::ranges::count(cluster.events(), "Replaced"), 0);
}

TEST(Trouble, EmptyOptionsAreNoNewRevision) {
  Cluster cluster;
  const auto before = cluster.settle();
  cluster.set_spec(R"({"model":{"uri":"pvc://models/a.gguf"},"engine":{},"pod":{"resources":{}}})");
  EXPECT_EQ(cluster.settle(), before);
}

TEST(Trouble, AMissingCaOrSecretIsToldByThePodAndNotWaitedForInSilence) {
  Cluster cluster;
  cluster.set_spec(R"({"model":{"uri":"https://h/a.gguf#sha256=aa","caRef":{"name":"ca"},
                       "secretRef":{"name":"token"}}})");
  cluster.settle();
  int optional = 0;
  for (const Json& volume : (*cluster.find("Deployment"))["spec"]["template"]["spec"]["volumes"])
    for (const char* kind : {"configMap", "secret"})
      if (volume.contains(kind)) optional += volume[kind].value("optional", false) ? 1 : 0;
  EXPECT_EQ(optional, 2);
}

}  // namespace
}  // namespace slipway

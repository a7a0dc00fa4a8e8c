// The course of a service over several plans: each test plays the API server and the kubelet by
// hand, object by object.
#include "reconcilers/inference_service/plan.hpp"

#include <gtest/gtest.h>

#include "crds/base/yaml.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/reconcile.hpp"
#include "reconcilers/testing/world.hpp"

namespace slipway {
namespace {

constexpr Time kNow{std::chrono::milliseconds{1'795'442'520'000}};
const Settings kSettings{"example.com/slipway:1"};

// A cluster that does what plans say at once, and pods as the test wants them.
class Cluster {
 public:
  Cluster() {
    objects_.push_back(
        Json::parse(R"({"kind":"ClusterServingRuntime","metadata":{"name":"llama-cpp"},
      "spec":{"engine":"llama.cpp","image":"llama:1","command":["/usr/bin/llama-server"],
              "formats":[{"name":"gguf"}],"devices":["cpu","nvidia"]}})"));
    set_spec(R"({"model":{"uri":"pvc://models/a.gguf"}})");
  }

  void set_spec(const char* spec) {
    service_["kind"] = "InferenceService";
    service_["metadata"] = {
        {"name", "chat"}, {"namespace", "prod"}, {"uid", "isvc-1"}, {"generation", ++generation_}};
    service_["spec"] = Json::parse(spec);
  }

  Plan plan(const std::optional<Refusal>& refusal = {}) const {
    testing::World world;
    EXPECT_TRUE(world.add(service_));
    for (const Json& object : objects_) EXPECT_TRUE(world.add(object));
    for (const Json& pod : pods_) EXPECT_TRUE(world.add(pod));
    return reconcile({ReconcileKind::InferenceService, "prod", "chat"}, world, kSettings, refusal,
                     kNow);
  }

  // Executes plans until one changes nothing; returns all Deployments' names that exist then.
  std::vector<std::string> settle() {
    for (int i = 0; i < 10; ++i)
      if (!execute(plan())) return deployments();
    ADD_FAILURE() << "plans never settle";
    return {};
  }

  std::vector<std::string> deployments() const { return names("Deployment"); }
  std::vector<std::string> names(const char* kind) const {
    std::vector<std::string> out;
    for (const Json& object : objects_)
      if (object.at("kind") == kind) out.push_back(object.at("metadata").at("name"));
    return out;
  }
  void remove(const char* kind) {
    std::erase_if(objects_, [&](const Json& object) { return object.at("kind") == kind; });
  }

  void add_pod(const std::string& deployment, const char* status) {
    pods_.push_back({{"kind", "Pod"},
                     {"metadata",
                      {{"name", deployment + "-" + std::to_string(pods_.size())},
                       {"namespace", "prod"},
                       {"labels",
                        {{kServiceLabel, "chat"},
                         {kRevisionLabel, deployment.substr(deployment.rfind('-') + 1)}}}}},
                     {"status", Json::parse(status)}});
  }
  void remove_pods() { pods_.clear(); }

  std::string selected() const {
    for (const Json& object : objects_)
      if (object.at("kind") == "Service") return object["spec"]["selector"][kRevisionLabel];
    return "";
  }
  const Json& status() const { return service_.at("status"); }
  std::string condition(const char* type, const char* member) const {
    for (const Json& condition : status().at("conditions"))
      if (condition.at("type") == type) return condition.at(member);
    return "absent";
  }

 private:
  // True if anything changed.
  bool execute(const Plan& plan) {
    bool changed = false;
    for (const Action& action : plan.actions) {
      if (const auto* apply = std::get_if<Apply>(&action)) changed |= put(*apply);
      if (const auto* del = std::get_if<Delete>(&action)) changed |= erase(del->ref) > 0;
      if (const auto* set = std::get_if<SetStatus>(&action)) {
        changed = true;
        service_["status"] = set->status;
      }
    }
    return changed;
  }
  bool put(const Apply& apply) {
    for (Json& object : objects_) {
      if (!(ref_of_kind(object) == ref_of_kind(apply.object))) continue;
      const Json before = object;
      object.merge_patch(apply.object);
      return object != before;
    }
    objects_.push_back(apply.object);
    return true;
  }
  std::size_t erase(const ObjectRef& ref) {
    return std::erase_if(objects_, [&](const Json& object) {
      return object.at("kind") == ref.kind && object.at("metadata").at("name") == ref.name;
    });
  }
  static std::pair<std::string, std::string> ref_of_kind(const Json& object) {
    return {object.at("kind"), object.at("metadata").at("name")};
  }

  int generation_ = 0;
  Json service_;
  std::vector<Json> objects_;
  std::vector<Json> pods_;
};

constexpr const char* kReadyPod =
    R"({"phase":"Running","conditions":[{"type":"Ready","status":"True"}]})";

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
  const Plan plan = cluster.plan(refusal);
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

}  // namespace
}  // namespace slipway

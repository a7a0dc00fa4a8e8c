#include "controller/cache/cache.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "controller/cache/version.hpp"
#include "reconcilers/common/names.hpp"

namespace slipway {
namespace {

// Feeds a cache as the watches do.
class CacheTest : public testing::Test {
 protected:
  Ingested see(Watched kind, const Json& object, kube::Change change = kube::Change::Modified) {
    return see_text(kind, object.dump(), change);
  }
  Ingested see_text(Watched kind, std::string text, kube::Change change = kube::Change::Modified) {
    const std::size_t size = text.size();
    text.resize(size + kube::kJsonPadding);
    return cache_.ingest(kind, kube::Seen{change, std::string_view(text).substr(0, size)});
  }
  std::string keys(const Ingested& ingested) {
    std::set<std::string> unique;
    for (const Key& key : ingested.keys)
      unique.insert((key.kind == ReconcileKind::ModelVersion ? "mv " : "isvc ") + key.namespace_ +
                    "/" + key.name);
    std::string text;
    for (const std::string& key : unique) text += (text.empty() ? "" : ", ") + key;
    return text;
  }
  Json object(const char* api_version, const char* kind, const std::string& name) {
    return {{"apiVersion", api_version},
            {"kind", kind},
            {"metadata",
             {{"name", name},
              {"namespace", "ns"},
              {"uid", "uid-" + name},
              {"resourceVersion", std::to_string(++version_)},
              {"generation", 1},
              {"managedFields", Json::array({{{"manager", "x"}}})}}}};
  }
  Json service(const std::string& name, Json model = {{"version", "m1"}}) {
    Json out = object(kApiVersion, "InferenceService", name);
    out["spec"] = {{"model", std::move(model)}};
    return out;
  }
  Json model(const std::string& name) {
    Json out = object(kApiVersion, "ModelVersion", name);
    out["spec"] = {{"source", {{"uri", "https://x/y"}}}};
    return out;
  }
  Json child(const char* api_version, const char* kind, const std::string& name,
             const std::string& label) {
    Json out = object(api_version, kind, name);
    out["metadata"]["labels"]["serving.slipway.dev/service"] = label;
    return out;
  }
  Json gpu_node(const char* devices) {
    Json out = object("v1", "Node", "n1");
    out["metadata"].erase("namespace");
    out["metadata"]["labels"]["nvidia.com/gpu.memory"] = "40960";
    out["status"]["allocatable"] = {{"cpu", "8"}, {"nvidia.com/gpu", devices}};
    return out;
  }
  static Json next(Json object, int version) {
    object["metadata"]["resourceVersion"] = std::to_string(version);
    return object;
  }

  Cache cache_;
  int version_ = 100;
};

TEST_F(CacheTest, AServiceConcernsItselfAndItsModels) {
  EXPECT_EQ(keys(see(Watched::InferenceService, service("chat"))), "isvc ns/chat, mv ns/m1");
  Json other = service("chat", {{"version", "m2"}});
  other["metadata"]["generation"] = 2;
  EXPECT_EQ(keys(see(Watched::InferenceService, other)), "isvc ns/chat, mv ns/m1, mv ns/m2");
}

TEST_F(CacheTest, OurOwnStatusIsNoNews_SomebodyElsesIs) {
  const Json first = service("chat");
  see(Watched::InferenceService, first);
  Json written = next(first, 200);
  written["status"]["summary"] = "ours";
  EXPECT_EQ(keys(cache_.learn(Watched::InferenceService, written.dump())), "");
  EXPECT_EQ(cache_.inference_service("ns", "chat")->status.summary, "ours");
  EXPECT_EQ(keys(see(Watched::InferenceService, written)), "") << "its event";
  Json foreign = next(written, 201);
  foreign["status"]["summary"] = "theirs";
  EXPECT_EQ(keys(see(Watched::InferenceService, foreign)), "isvc ns/chat");
  Json labelled = next(foreign, 202);
  labelled["metadata"]["labels"]["team"] = "a";
  EXPECT_EQ(keys(see(Watched::InferenceService, labelled)), "isvc ns/chat, mv ns/m1");
}

TEST_F(CacheTest, AStatusThatNamesAnotherModelConcernsBoth) {
  const Json first = service("chat", {{"uri", "https://x/y"}});
  see(Watched::InferenceService, first);
  Json written = next(first, 200);
  written["status"]["model"] = {{"version", "chat-abc"}};
  EXPECT_EQ(keys(cache_.learn(Watched::InferenceService, written.dump())), "mv ns/chat-abc");
}

TEST_F(CacheTest, AModelConcernsThoseWhoUseIt) {
  see(Watched::InferenceService, service("chat"));
  see(Watched::InferenceService, service("other", {{"version", "m2"}}));
  EXPECT_EQ(keys(see(Watched::ModelVersion, model("m1"))), "isvc ns/chat, mv ns/m1");
  Json made = model("made-x");
  made["metadata"]["labels"]["serving.slipway.dev/service"] = "third";
  EXPECT_EQ(keys(cache_.learn(Watched::ModelVersion, made.dump())), "isvc ns/third, mv ns/made-x");
}

TEST_F(CacheTest, AChildConcernsTheServiceOfItsLabel_OldAndNew) {
  Json deployment = child("apps/v1", "Deployment", "chat-1", "chat");
  EXPECT_EQ(keys(see(Watched::Deployment, deployment)), "isvc ns/chat");
  deployment["metadata"]["labels"]["serving.slipway.dev/service"] = "other";
  EXPECT_EQ(keys(see(Watched::Deployment, next(deployment, 300))), "isvc ns/chat, isvc ns/other");
  EXPECT_EQ(keys(see(Watched::Deployment, next(deployment, 301), kube::Change::Deleted)),
            "isvc ns/other");
  EXPECT_TRUE(cache_.deployments_of("ns", "other").empty());
}

TEST_F(CacheTest, ALabelThatWasCutStandsForTheLongName) {
  const std::string name(100, 'x');
  see(Watched::InferenceService, service(name));
  EXPECT_EQ(keys(see(Watched::Pod, child("v1", "Pod", "p", bounded_name(name)))),
            "isvc ns/" + name);
}

TEST_F(CacheTest, APodConcernsItsModelToo) {
  Json pod = child("v1", "Pod", "p", "chat");
  pod["metadata"]["annotations"] = {{"serving.slipway.dev/model", "m1"}, {"other", "x"}};
  pod["metadata"]["labels"]["pod-template-hash"] = "h";
  EXPECT_EQ(keys(see(Watched::Pod, pod)), "isvc ns/chat, mv ns/m1");
  const auto held = cache_.pods_of("ns", "chat").at(0);
  EXPECT_EQ(held->metadata.annotations.size(), 1u) << "others' annotations are not kept";
  EXPECT_EQ(held->metadata.labels.size(), 1u);
}

TEST_F(CacheTest, RuntimesConcernTheirScope) {
  see(Watched::InferenceService, service("chat"));
  Json elsewhere = service("chat");
  elsewhere["metadata"]["namespace"] = "ns2";
  see(Watched::InferenceService, elsewhere);
  Json runtime = object(kApiVersion, "ServingRuntime", "r");
  runtime["spec"] = {{"image", "a"}};
  EXPECT_EQ(keys(see(Watched::ServingRuntime, runtime)), "isvc ns/chat");
  EXPECT_EQ(keys(see(Watched::ServingRuntime, next(runtime, 300))), "") << "nothing in its spec";
  Json cluster_wide = object(kApiVersion, "ClusterServingRuntime", "r");
  cluster_wide["metadata"].erase("namespace");
  cluster_wide["spec"] = {{"image", "a"}};
  EXPECT_EQ(keys(see(Watched::ClusterServingRuntime, cluster_wide)), "isvc ns/chat, isvc ns2/chat");
}

TEST_F(CacheTest, ANodeConcernsGpuServicesWhenItsOfferChanges) {
  see(Watched::InferenceService, service("cpu"));
  Json wants_gpu = service("gpu");
  wants_gpu["spec"]["gpu"] = {{"count", 1}};
  see(Watched::InferenceService, wants_gpu);
  Json node = gpu_node("2");
  EXPECT_EQ(keys(see(Watched::Node, node)), "isvc ns/gpu");
  Json heartbeat = next(node, 300);
  heartbeat["status"]["conditions"] = Json::array({{{"type", "Ready"}}});
  EXPECT_EQ(keys(see(Watched::Node, heartbeat)), "");
  EXPECT_EQ(cache_.gpu_nodes().size(), 1u);
  Json cordoned = next(node, 301);
  cordoned["spec"]["unschedulable"] = true;
  EXPECT_EQ(keys(see(Watched::Node, cordoned)), "isvc ns/gpu");
  Json without = next(node, 302);
  without["status"]["allocatable"].erase("nvidia.com/gpu");
  EXPECT_EQ(keys(see(Watched::Node, without)), "isvc ns/gpu");
  EXPECT_TRUE(cache_.gpu_nodes().empty());
}

TEST_F(CacheTest, AnAutoscalersMeasurementsAreNoNews) {
  Json hpa = child("autoscaling/v2", "HorizontalPodAutoscaler", "chat", "chat");
  hpa["spec"]["maxReplicas"] = 3;
  EXPECT_EQ(keys(see(Watched::HorizontalPodAutoscaler, hpa)), "isvc ns/chat");
  hpa["status"]["currentReplicas"] = 2;
  EXPECT_EQ(keys(see(Watched::HorizontalPodAutoscaler, next(hpa, 300))), "");
  hpa["spec"]["maxReplicas"] = 9;
  EXPECT_EQ(keys(see(Watched::HorizontalPodAutoscaler, next(hpa, 301))), "isvc ns/chat");
}

TEST_F(CacheTest, WhatNoDecisionReadsWakesNobody) {
  Json deployment = child("apps/v1", "Deployment", "chat", "chat");
  see(Watched::Deployment, deployment);
  deployment["status"]["updatedReplicas"] = 2;
  deployment["status"]["conditions"] = Json::array({{{"type", "Available"}, {"status", "True"}}});
  EXPECT_EQ(keys(see(Watched::Deployment, next(deployment, 300))), "");
  deployment["status"]["conditions"].push_back(
      {{"type", "ReplicaFailure"}, {"status", "True"}, {"message", "exceeded quota"}});
  EXPECT_EQ(keys(see(Watched::Deployment, next(deployment, 301))), "isvc ns/chat");
  deployment["spec"]["replicas"] = 3;
  EXPECT_EQ(keys(see(Watched::Deployment, next(deployment, 302))), "isvc ns/chat");

  Json pod = child("v1", "Pod", "chat-1", "chat");
  see(Watched::Pod, pod);
  pod["spec"]["nodeName"] = "n1";
  pod["status"]["conditions"] = Json::array({{{"type", "PodScheduled"}, {"status", "True"}}});
  EXPECT_EQ(keys(see(Watched::Pod, next(pod, 400))), "");
  pod["status"]["conditions"].push_back({{"type", "Ready"}, {"status", "True"}});
  EXPECT_EQ(keys(see(Watched::Pod, next(pod, 401))), "isvc ns/chat");
  pod["metadata"]["labels"]["serving.slipway.dev/revision"] = "r2";
  EXPECT_EQ(keys(see(Watched::Pod, next(pod, 402))), "isvc ns/chat");
  EXPECT_EQ(cache_.find({"v1", "Pod", "ns", "chat-1"})->metadata->resource_version, "402");
}

TEST_F(CacheTest, ARelistIsADifference) {
  see(Watched::Deployment, child("apps/v1", "Deployment", "kept", "a"));
  see(Watched::Deployment, child("apps/v1", "Deployment", "gone", "b"));
  cache_.ingest(Watched::Deployment, kube::SetBegin{});
  Json kept = child("apps/v1", "Deployment", "kept", "a");
  kept["metadata"]["resourceVersion"] = "101";
  EXPECT_EQ(keys(see(Watched::Deployment, kept)), "");
  EXPECT_EQ(cache_.count(Watched::Deployment), 2u) << "readable until the set is complete";
  const Ingested end = cache_.ingest(Watched::Deployment, kube::SetEnd{"150"});
  EXPECT_TRUE(end.set_complete);
  EXPECT_EQ(keys(end), "isvc ns/b");
  EXPECT_EQ(cache_.count(Watched::Deployment), 1u);
}

TEST_F(CacheTest, AnUnfinishedSetDeletesNothing) {
  see(Watched::Deployment, child("apps/v1", "Deployment", "a", "a"));
  cache_.ingest(Watched::Deployment, kube::SetBegin{});
  cache_.ingest(Watched::Deployment, kube::SetBegin{});  // the stream broke, and starts over
  see(Watched::Deployment, child("apps/v1", "Deployment", "a", "a"));
  EXPECT_EQ(keys(cache_.ingest(Watched::Deployment, kube::SetEnd{"500"})), "");
  EXPECT_EQ(cache_.count(Watched::Deployment), 1u);
}

// The objects of a set come in any order: one with a high version says nothing about those to come.
TEST_F(CacheTest, AnAnswerCountsWhileASetIsUnderWay) {
  cache_.ingest(Watched::Deployment, kube::SetBegin{});
  see(Watched::Deployment, next(child("apps/v1", "Deployment", "b", "b"), 90));
  cache_.learn(Watched::Deployment, next(child("apps/v1", "Deployment", "a", "a"), 50).dump());
  EXPECT_EQ(cache_.count(Watched::Deployment), 2u);
}

TEST_F(CacheTest, WhatTheWatchWouldNotShowIsNotLearnt) {
  Json stranger = child("v1", "Service", "chat", "chat");
  stranger["metadata"].erase("labels");
  EXPECT_TRUE(cache_.learn(Watched::Service, stranger.dump()).keys.empty());
  EXPECT_EQ(cache_.count(Watched::Service), 0u) << "nobody would tell its end";
}

TEST_F(CacheTest, WhatCannotBeReadIsNamedAndLeftAsItWas) {
  Json pod = child("v1", "Pod", "p", "chat");
  see(Watched::Pod, pod);
  Json broken = next(pod, 300);
  broken["status"]["phase"] = 7;
  cache_.ingest(Watched::Pod, kube::SetBegin{});
  const Ingested ingested = see(Watched::Pod, broken);
  ASSERT_TRUE(ingested.undecodable);
  EXPECT_NE(ingested.undecodable->what.find("Pod ns/p"), std::string::npos)
      << ingested.undecodable->what;
  EXPECT_NE(ingested.undecodable->what.find("phase"), std::string::npos)
      << ingested.undecodable->what;
  cache_.ingest(Watched::Pod, kube::SetEnd{"400"});
  EXPECT_EQ(cache_.pods_of("ns", "chat").size(), 1u) << "it is listed, so it was not deleted";
  EXPECT_TRUE(see_text(Watched::Pod, "{").undecodable);
}

TEST_F(CacheTest, FindsWhatADesiredObjectIsComparedWith) {
  Json deployment = child("apps/v1", "Deployment", "chat-1", "chat");
  deployment["spec"]["replicas"] = 3;
  deployment["metadata"]["ownerReferences"] = Json::array({{{"uid", "o"},
                                                            {"name", "chat"},
                                                            {"kind", "InferenceService"},
                                                            {"apiVersion", kApiVersion},
                                                            {"controller", true}}});
  see(Watched::Deployment, deployment);
  const auto live = cache_.find({"apps/v1", "Deployment", "ns", "chat-1"});
  ASSERT_TRUE(live);
  EXPECT_EQ(live->metadata->uid, "uid-chat-1");
  EXPECT_EQ(live->metadata->owner_references.at(0).uid, "o");
  EXPECT_EQ(live->replicas, 3);
  EXPECT_EQ(live->projection, project(*shape_of("Deployment"), deployment));
  EXPECT_FALSE(cache_.find({"apps/v1", "Deployment", "ns", "other"}));
  EXPECT_FALSE(cache_.find({"v1", "Secret", "ns", "chat"}));
}

TEST_F(CacheTest, ListsEveryKeyForAStart) {
  see(Watched::InferenceService, service("chat"));
  see(Watched::ModelVersion, model("m1"));
  EXPECT_EQ(cache_.all_keys().size(), 2u);
}

TEST(Version, IsADecimalNumberOrUnknown) {
  EXPECT_EQ(parse_version("10"), 10u);
  EXPECT_EQ(parse_version(""), 0u);
  EXPECT_EQ(parse_version("12a"), 0u);
  EXPECT_EQ(parse_version("99999999999999999999999"), 0u);
}

}  // namespace
}  // namespace slipway

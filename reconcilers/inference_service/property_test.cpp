// What must hold for every status and along every course, tried on generated ones. A failure
// names its seed.
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "crds/types/decode.hpp"
#include "crds/types/encode.hpp"
#include "crds/types/packed.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/inference_service/revision.hpp"
#include "reconcilers/testing/cluster.hpp"
#include "reconcilers/testing/generate.hpp"

namespace slipway {
namespace {

using testing::Cluster;
using testing::Generator;

template <class Status>
void expect_survives_encoding(std::uint64_t seed) {
  const Status before = Generator(seed).any<Status>();
  const std::string text = encode(before).dump();
  const auto after = decode<Status>(text);
  ASSERT_TRUE(after) << "seed " << seed << ": " << after.error().what << "\n" << text;
  EXPECT_EQ(*after, before) << "seed " << seed << "\n" << text << "\n" << encode(*after).dump();
}

// One that differs from what is read back would be written for ever.
TEST(Property, AStatusSurvivesItsEncoding) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    expect_survives_encoding<InferenceServiceStatus>(seed);
    expect_survives_encoding<ModelVersionStatus>(seed);
    if (HasFailure()) return;
  }
}

template <class T>
std::string packed(const T& value) {
  Packer packer;
  packer.put(value);
  return std::move(packer).take();
}

template <class T>
T unpacked(const std::string& bytes) {
  T value{};
  Unpacker unpacker(bytes);
  unpacker.get(value);
  return value;
}

// The controller's cache keeps what it has seen in this form.
TEST(Property, WhatIsPackedComesBackWhole) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Generator generator(seed);
    const auto service = generator.any<InferenceService>();
    EXPECT_EQ(unpacked<InferenceService>(packed(service)), service) << "seed " << seed;
    const auto model = generator.any<ModelVersion>();
    EXPECT_EQ(unpacked<ModelVersion>(packed(model)), model) << "seed " << seed;
    const auto pod = generator.any<k8s::PodView>();
    EXPECT_EQ(packed(unpacked<k8s::PodView>(packed(pod))), packed(pod)) << "seed " << seed;
    EXPECT_EQ(unpacked<k8s::PodView>(packed(pod)).status, pod.status) << "seed " << seed;
    if (HasFailure()) return;
  }
}

// One that differs would say for ever that an update is available.
TEST(Property, APinnedRuntimeSurvivesItsAnnotation) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Generator generator(seed);
    inference_service::Pinned pinned{
        {"ServingRuntime", "own", generator.any<ServingRuntimeSpec>()}, "agent:1", std::nullopt};
    if (seed % 2 == 1)
      pinned.gpu = gpu::Grant{"nvidia.com/gpu", 2, "2 x gpu", 81920, "none \n", 65536};
    const std::string text = inference_service::encode_pinned(pinned);
    EXPECT_EQ(inference_service::decode_pinned(text), pinned) << "seed " << seed << "\n" << text;
    if (HasFailure()) return;
  }
}

constexpr std::array kSpecs{
    R"({"model":{"uri":"pvc://models/a.gguf"}})",
    R"({"model":{"uri":"pvc://models/b.gguf"},"replicas":{"min":2}})",
    R"({"model":{"uri":"pvc://models/b.gguf"},"replicas":{"min":1,"max":4}})",
    R"({"model":{"uri":"pvc://models/a.gguf"},"replicas":{"min":3,"max":3}})",
    R"({"model":{"uri":"pvc://models/a.gguf"},"gpu":{"memory":"18Gi"}})",
    R"({"model":{"uri":"pvc://models/a.gguf"},"runtime":"none-of-this-name"})",
    R"({"model":{"version":"chat-v7"}})",
    R"({"model":{"uri":"https://h/c.gguf#sha256=aa"},"engine":{"contextLength":512}})"};

constexpr std::array kPods{
    testing::kReadyPod,
    testing::kReadyPod,
    R"({"phase":"Pending"})",
    R"({"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False",
        "reason":"Unschedulable","message":"0/3 nodes are available"}]})",
    R"({"phase":"Pending","initContainerStatuses":[{"name":"model","state":{"running":{}}}]})",
    R"({"phase":"Pending","initContainerStatuses":[{"name":"model","restartCount":2,"state":
        {"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":1,
        "message":"{\"reason\":\"NotFound\",\"message\":\"404\"}"}}}]})",
    R"({"phase":"Running","containerStatuses":[{"name":"engine","state":{"running":{}}}]})",
    R"({"phase":"Running","containerStatuses":[{"name":"engine","state":{"terminated":
        {"exitCode":137,"reason":"OOMKilled","message":"\u00e9\u00e9"}}}]})",
    R"({"phase":"Failed","reason":"Evicted","message":"The node was low on memory"})"};

constexpr std::array kChildren{"Deployment", "Service", "HorizontalPodAutoscaler", "ModelVersion",
                               "PodDisruptionBudget"};

// One thing that a user, the kubelet or the API server does.
void disturb(Cluster& cluster, Generator& random) {
  const auto deployments = cluster.deployments();
  switch (random.below(6)) {
    case 0:
      return cluster.set_spec(kSpecs[random.below(kSpecs.size())]);
    case 1:
      return cluster.remove_pods();
    case 2:
      return cluster.remove(kChildren[random.below(kChildren.size())]);
    case 3:
      return cluster.refuse(random.below(4) > 0 ? std::nullopt
                                                : std::optional<Refusal>(Refusal{
                                                      {"v1", "Service", "prod", "chat"},
                                                      {Fault::Conflict, "it is another's", {}}}));
    default:
      if (deployments.empty()) return;
      return cluster.add_pod(deployments[random.below(deployments.size())],
                             kPods[random.below(kPods.size())]);
  }
}

std::set<std::string> revisions_with_ready_pods(const Cluster& cluster) {
  std::set<std::string> out;
  for (const Json& pod : cluster.pods())
    if (pod["status"] == Json::parse(testing::kReadyPod))
      out.insert(pod["metadata"]["labels"][kRevisionLabel].get<std::string>());
  return out;
}

// Whatever happens, plans come to rest; Ready is said exactly when the Service reaches a pod.
TEST(Property, EveryCourseComesToRestAndTellsTheTruth) {
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator random(seed);
    Cluster cluster;
    for (int i = 0; i < 25; ++i) {
      disturb(cluster, random);
      int rounds = 0;
      while (cluster.step()) ASSERT_LT(++rounds, 10) << "step " << i << " never settles";
      const bool answers = revisions_with_ready_pods(cluster).contains(cluster.selected());
      ASSERT_EQ(cluster.condition("Ready", "status"), answers ? "True" : "False") << "step " << i;
      ASSERT_LE(cluster.deployments().size(), 2U) << "step " << i;
      ASSERT_EQ(decode<InferenceServiceStatus>(cluster.status().dump()).has_value(), true);
    }
  }
}

}  // namespace
}  // namespace slipway

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crds/types/agent_report.hpp"
#include "crds/types/decode.hpp"
#include "crds/types/encode.hpp"
#include "crds/types/inference_service.hpp"
#include "crds/types/model_version.hpp"
#include "crds/types/serving_runtime.hpp"

namespace slipway {

// A leaf with a reader of its own, as the hash of a subtree is one.
struct RawLength {
  std::size_t value = 0;
};
Result<void> decode_value(simdjson::ondemand::value& value, RawLength& out) {
  simdjson::ondemand::object object;
  std::string_view raw;
  if (value.get_object().get(object) || object.raw_json().get(raw)) {
    return fail(Fault::Malformed, "expected a subtree");
  }
  out.value = raw.size();
  return {};
}

struct View {
  RawLength subtree;
  std::string after;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("subtree", &View::subtree);
    field("after", &View::after);
  }
};

namespace {

constexpr const char* kFull = R"({
  "apiVersion": "serving.slipway.dev/v1alpha1", "kind": "InferenceService",
  "metadata": {"name": "chat", "namespace": "prod", "uid": "u-1", "resourceVersion": "42",
    "generation": 3, "deletionTimestamp": "2026-11-23T14:03:00Z",
    "labels": {"a": "1", "b": "2"}, "finalizers": ["x/y"],
    "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u-2",
                         "controller": true}]},
  "spec": {"model": {"uri": "https://h/m.gguf"}, "runtime": "llama",
    "engine": {"contextLength": 8192, "args": ["--flag", "1"]},
    "gpu": {"memory": "18Gi", "count": 1, "require": {"products": ["A100"]}},
    "replicas": {"min": 2, "max": 8},
    "scaling": {"metric": "cpu", "target": 80, "behavior": {"scaleDown": {
      "stabilizationWindowSeconds": 60,
      "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}}},
    "rollout": {"steps": [{"name": "c5", "weight": 5}], "gates": [{"name": "errors",
      "okRatio": 1.25}], "warmup": {"prefixHitRatio": 0.5}},
    "access": {"tenants": ["a"], "public": true},
    "pod": {"resources": {"requests": {"cpu": "500m", "memory": "1Gi"}},
      "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
      "tolerations": [{"key": "gpu", "operator": "Exists", "tolerationSeconds": 5}],
      "volumes": [{"name": "v", "mountPath": "/data", "emptyDir": {}}]}},
  "status": {"observedGeneration": 3, "state": "Stable", "replicas": 0, "readyReplicas": 0,
    "model": {"version": "chat-v7"},
    "resolved": {"runtime": "llama", "replicas": {"min": 2, "max": 8}},
    "conditions": [{"type": "Ready", "status": "True", "reason": "Ready", "message": "",
      "lastTransitionTime": "2026-11-23T14:02:00Z", "observedGeneration": 3}]}})";

TEST(Codec, ReturnsWhatItRead) {
  const auto decoded = decode<InferenceService>(kFull);
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(decoded->metadata.namespace_, "prod");
  EXPECT_EQ(decoded->metadata.deletion_timestamp, "2026-11-23T14:03:00Z");
  EXPECT_TRUE(decoded->metadata.owner_references.at(0).controller);
  EXPECT_EQ(decoded->spec.replicas->max, 8);
  // Compared without regard to the order of members.
  EXPECT_EQ(nlohmann::json::parse(encode_object(*decoded).dump()), nlohmann::json::parse(kFull));
}

TEST(Codec, LeavesOutWhatIsAbsent) {
  EXPECT_EQ(encode(InferenceServiceSpec{}).dump(), "{}");
  EXPECT_EQ(encode(ObjectMeta{}).dump(), "{}");
  EXPECT_EQ(encode(Replicas{}).dump(), R"({"min":1})");
  EXPECT_EQ(encode(InferenceServiceStatus{}).dump(), R"({"replicas":0,"readyReplicas":0})");
  EXPECT_EQ(encode(AgentReport{}).dump(), R"({"reason":""})");
}

TEST(Codec, SkipsUnknownMembersAndNulls) {
  const auto decoded = decode<InferenceService>(
      R"({"new": [{"a": [1, {"b": null}]}], "spec": {"runtime": null, "gpu": null, "x": "\"}",
          "sp\u0061re": 1, "model": {"\u0075ri": "file:///m"}}})");
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(decoded->spec.model.uri, "file:///m");
  EXPECT_EQ(decoded->spec.runtime, "");
  EXPECT_FALSE(decoded->spec.gpu);
}

TEST(Codec, TakesNumbersWherePeopleWriteThem) {
  const auto decoded = decode<InferenceServiceSpec>(
      R"({"gpu": {"memory": 1024},
          "pod": {"resources": {"limits": {"cpu": 2, "memory": "1Gi"}}}})");
  ASSERT_TRUE(decoded) << decoded.error().what;
  EXPECT_EQ(decoded->gpu->memory, "1024");
  EXPECT_EQ(decoded->pod->resources->limits.at("cpu"), "2");
  EXPECT_FALSE(decode<InferenceServiceSpec>(R"({"runtime": 1})"));
}

TEST(Codec, AsksLeavesThatReadThemselves) {
  const auto view = decode<View>(R"({"subtree": {"a":[1,2]}, "after": "yes"})");
  ASSERT_TRUE(view) << view.error().what;
  EXPECT_EQ(view->subtree.value, 11u);
  EXPECT_EQ(view->after, "yes");
  EXPECT_EQ(decode<View>(R"({"subtree": 1})").error().what, "subtree: expected a subtree");
}

TEST(Codec, RefusesEveryTruncation) {
  const std::string full = kFull;
  for (std::size_t size = 0; size < full.size(); ++size) {
    EXPECT_FALSE(decode<InferenceService>(std::string_view(full).substr(0, size))) << size;
  }
}

// Whatever a damaged byte makes of the document: an error or a value, and nothing worse.
TEST(Codec, SurvivesEveryDamagedByte) {
  const std::string full = kFull;
  int refused = 0;
  for (std::size_t at = 0; at < full.size(); ++at) {
    for (const char damage : {'\0', '"', '\\', '{', '}', ']', ',', '9', '\xff'}) {
      std::string damaged = full;
      damaged[at] = damage;
      const auto decoded = decode<InferenceService>(damaged);
      if (!decoded) {
        ++refused;
        EXPECT_FALSE(decoded.error().what.empty());
      }
    }
  }
  EXPECT_GT(refused, 1000);
}

struct BadInput {
  const char* json;
  const char* what;
};

class DecodeRefuses : public testing::TestWithParam<BadInput> {};

TEST_P(DecodeRefuses, WithPlaceAndReason) {
  const auto decoded = decode<InferenceService>(GetParam().json);
  ASSERT_FALSE(decoded) << GetParam().json;
  EXPECT_EQ(decoded.error().fault, Fault::Malformed);
  EXPECT_THAT(decoded.error().what, testing::StartsWith(GetParam().what)) << GetParam().json;
}

INSTANTIATE_TEST_SUITE_P(
    Malformed, DecodeRefuses,
    testing::Values(
        BadInput{R"({"spec":{"replicas":{"min":"a"}}})",
                 "spec.replicas.min: expected an integer, got a string"},
        BadInput{R"({"spec":{"replicas":{"min":1.5}}})",
                 "spec.replicas.min: expected an integer of 64 bits, got another number"},
        BadInput{R"({"spec":{"replicas":{"min":9223372036854775808}}})",
                 "spec.replicas.min: expected an integer of 64 bits, got another number"},
        BadInput{R"({"spec":{"replicas":{"min":2147483648}}})",
                 "spec.replicas.min: expected an integer of 32 bits, got 2147483648"},
        BadInput{R"({"spec":{"replicas":3}})", "spec.replicas: expected an object, got a number"},
        BadInput{R"({"spec":{"engine":{"args":["a",{}]}}})",
                 "spec.engine.args[1]: expected a string, got an object"},
        BadInput{R"({"spec":{"adapters":[{"name":"a"},{"name":[]}]}})",
                 "spec.adapters[1].name: expected a string, got an array"},
        BadInput{R"({"metadata":{"labels":{"a":true}}})",
                 "metadata.labels.a: expected a string, got a boolean"},
        BadInput{R"({"metadata":{"finalizers":"x"}})",
                 "metadata.finalizers: expected an array, got a string"},
        BadInput{R"({"metadata":{"finalizers":[null]}})",
                 "metadata.finalizers[0]: expected a string, got null"},
        BadInput{R"({"spec":{"gpu":{"memory":1.5}}})",
                 "spec.gpu.memory: expected an integer of 64 bits, got another number"},
        BadInput{"[]", "expected an object, got an array"}, BadInput{"7", "expected an object"},
        BadInput{"", "not JSON: "}, BadInput{"{", "not JSON: "},
        BadInput{R"({"spec":{"runtime":"x)", "not JSON: "},
        BadInput{R"({"spec":{"runtime":tru}})", "spec.runtime: "},
        BadInput{R"({"spec":{"runtime":"x"})", "not JSON: "},
        BadInput{R"({"spec":{"runtime" "x"}})", "spec: not JSON: "},
        BadInput{R"({"spec":{}} {})", "not JSON: "},
        BadInput{R"({"spec":{"runtime":"\ud800"}})", "spec.runtime: not JSON: "}));

}  // namespace
}  // namespace slipway

#include "reconcilers/model_version/plan.hpp"

#include <gtest/gtest.h>

#include "crds/types/decode.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/testing/world.hpp"

namespace slipway::model_version {
namespace {

constexpr Time kNow{std::chrono::milliseconds{1'795'442'520'000}};

ModelVersion version() {
  ModelVersion owner;
  owner.metadata.name = "chat-v7";
  owner.metadata.namespace_ = "prod";
  owner.metadata.uid = "mv-7";
  owner.metadata.generation = 1;
  owner.spec.source.uri = "pvc://models/v7.gguf";
  return owner;
}

AgentReport verified(std::string digest) {
  AgentReport report;
  report.reason = "Verified";
  report.digest = std::move(digest);
  report.size_bytes = 1'459'008;
  report.architecture = "llama";
  report.format = "gguf";
  return report;
}

AgentReport failed() {
  AgentReport report;
  report.reason = "DigestMismatch";
  report.message = "v7.gguf has sha256 77, expected 91";
  return report;
}

Observed seen(const ModelVersion& owner, std::vector<Fetch> fetches,
              std::vector<std::string> used_by = {"chat"}) {
  return {std::make_shared<const ModelVersion>(owner), std::move(used_by), std::move(fetches)};
}

ModelVersionStatus status_after(const Observed& observed) {
  const Plan decided = plan(observed, kNow);
  EXPECT_FALSE(decided.actions.empty());
  const auto& set = std::get<SetStatus>(decided.actions.at(0));
  ModelVersionStatus status;
  const auto owner = decode<ModelVersion>(Json{{"status", set.status}}.dump());
  EXPECT_TRUE(owner);
  return owner ? owner->status : status;
}

TEST(ModelVersionPlan, IsPendingUntilSomebodyUsesIt) {
  const auto status = status_after(seen(version(), {}, {}));
  EXPECT_EQ(status.phase, "Pending");
  EXPECT_EQ(status.summary, "it is fetched and verified when a service uses it");
}

// What names everybody grows until the server refuses the whole status.
TEST(ModelVersionPlan, NamesNoMoreUsersThanTheSchemaTakes) {
  std::vector<std::string> users;
  for (int i = 0; i < 300; ++i) users.push_back("chat-" + std::to_string(1000 + i));
  const auto status = status_after(seen(version(), {}, users));
  ASSERT_EQ(status.used_by.size(), 256U);
  EXPECT_EQ(status.used_by.back(), "chat-1255");
}

TEST(ModelVersionPlan, ResolvesWhileAPodFetches) {
  EXPECT_EQ(status_after(seen(version(), {{true, {}}})).phase, "Resolving");
}

TEST(ModelVersionPlan, IsVerifiedByWhatAPodFound) {
  const auto status = status_after(seen(version(), {{false, verified("sha256:aa")}}));
  EXPECT_EQ(status.phase, "Verified");
  EXPECT_EQ(status.digest, "sha256:aa");
  EXPECT_EQ(status.size, "1.4 MiB");
  EXPECT_EQ(status.architecture, "llama");
  EXPECT_EQ(status.used_by, std::vector<std::string>{"chat"});
}

TEST(ModelVersionPlan, FailsWithThePodsOwnWords) {
  const Plan decided = plan(seen(version(), {{false, failed()}}), kNow);
  ASSERT_EQ(decided.actions.size(), 2U);
  const auto& event = std::get<Announce>(decided.actions[1]);
  EXPECT_EQ(event.reason, "DigestMismatch");
  EXPECT_EQ(event.message, "v7.gguf has sha256 77, expected 91");
}

TEST(ModelVersionPlan, StaysVerifiedWhenAPodFailsLater) {
  ModelVersion owner = version();
  owner.status = status_after(seen(owner, {{false, verified("sha256:aa")}}));
  EXPECT_TRUE(plan(seen(owner, {{false, failed()}}), kNow).actions.empty());
}

TEST(ModelVersionPlan, TellsAChangedSource) {
  ModelVersion owner = version();
  owner.status = status_after(seen(owner, {{false, verified("sha256:aa")}}));
  const auto status = status_after(seen(owner, {{false, verified("sha256:bb")}}));
  EXPECT_EQ(status.phase, "Failed");
  EXPECT_EQ(status.digest, "sha256:aa");  // what it was pinned to
  EXPECT_NE(status.summary.find("sha256:bb"), std::string::npos);
}

TEST(ModelVersionPlan, KeepsToWhatWasVerifiedFirst) {
  ModelVersion owner = version();
  owner.status = status_after(seen(owner, {{false, verified("sha256:aa")}}));
  // Whichever pod comes first, and however often it is looked at.
  const Observed changed =
      seen(owner, {{false, verified("sha256:aa")}, {false, verified("sha256:bb")}});
  owner.status = status_after(changed);
  EXPECT_EQ(owner.status.phase, "Failed");
  EXPECT_EQ(owner.status.digest, "sha256:aa");
  const auto again = std::make_shared<const ModelVersion>(owner);
  EXPECT_TRUE(
      plan({again, changed.used_by, changed.fetches}, kNow + Duration(60'000)).actions.empty());

  owner.status = status_after({again, changed.used_by, {changed.fetches[0]}});  // the other is gone
  EXPECT_EQ(owner.status.phase, "Verified");
}

TEST(ModelVersionPlan, TellsACauseOnceAndNotWithEachRetry) {
  ModelVersion owner = version();
  AgentReport report;
  report.reason = "Unreachable";
  report.message = "no answer after 10 s";
  owner.status = status_after(seen(owner, {{false, report}}));
  report.message = "no answer after 12 s";
  for (const Action& action : plan(seen(owner, {{false, report}}), kNow).actions)
    EXPECT_FALSE(std::holds_alternative<Announce>(action));
}

TEST(ModelVersionPlan, CutsALongMessageBetweenCharacters) {
  AgentReport report = failed();
  report.message = "x";
  for (int i = 0; i < 700; ++i) report.message += "\u00e9";
  const Plan decided = plan(seen(version(), {{false, report}}), kNow);
  EXPECT_NO_THROW(to_json(decided).dump());
}

TEST(ModelVersionPlan, SaysNothingTwice) {
  ModelVersion owner = version();
  owner.status = status_after(seen(owner, {{false, verified("sha256:aa")}}));
  EXPECT_TRUE(
      plan(seen(owner, {{false, verified("sha256:aa")}}), kNow + Duration(60'000)).actions.empty());
}

TEST(ModelVersionObserve, BelievesNoReportThatTheSchemaWouldRefuse) {
  for (const Json& report : {Json{{"reason", "Verified"}, {"digest", std::string(4000, 'a')}},
                             Json{{"reason", std::string(300, 'x')}, {"message", "odd"}}}) {
    testing::World world;
    Json pod = Json::parse(R"({"kind":"Pod","metadata":{"name":"p","namespace":"prod"},"status":{
      "initContainerStatuses":[{"name":"model","state":{"terminated":{"exitCode":1}}}]}})");
    pod["metadata"]["labels"] = {{kServiceLabel, "chat"}};
    pod["metadata"]["annotations"] = {{kModelAnnotation, "chat-v7"}};
    pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["message"] = report.dump();
    for (const Json& object :
         {Json::parse(
              R"({"kind":"ModelVersion","metadata":{"name":"chat-v7","namespace":"prod"}})"),
          Json::parse(R"({"kind":"InferenceService","metadata":{"name":"chat","namespace":"prod"},
                          "spec":{"model":{"version":"chat-v7"}}})"),
          pod})
      ASSERT_TRUE(world.add(object));
    const Observed observed = observe("prod", "chat-v7", world);
    ASSERT_EQ(observed.fetches.size(), 1U);
    EXPECT_FALSE(observed.fetches[0].report) << report.dump();
  }
}

TEST(ModelVersionObserve, ReadsReportsOfItsOwnPodsOnly) {
  testing::World world;
  const auto add = [&](const char* text) { ASSERT_TRUE(world.add(Json::parse(text))); };
  add(R"({"kind":"ModelVersion","metadata":{"name":"chat-v7","namespace":"prod"},"spec":{}})");
  add(R"({"kind":"InferenceService","metadata":{"name":"chat","namespace":"prod","uid":"u"},
          "spec":{"model":{"version":"chat-v7"}}})");
  add(R"({"kind":"InferenceService","metadata":{"name":"other","namespace":"prod","uid":"o"},
          "spec":{"model":{"version":"other-v1"}}})");
  for (const char* model : {"chat-v7", "chat-v6"}) {
    Json pod = Json::parse(R"({"kind":"Pod","metadata":{"namespace":"prod"},"status":{
      "initContainerStatuses":[{"name":"model","state":{"terminated":{"exitCode":0,
      "message":"{\"reason\":\"Verified\",\"digest\":\"sha256:aa\"}"}}}]}})");
    pod["metadata"]["name"] = model;
    pod["metadata"]["labels"] = {{kServiceLabel, "chat"}};
    pod["metadata"]["annotations"] = {{kModelAnnotation, model}};
    ASSERT_TRUE(world.add(pod));
  }
  const Observed observed = observe("prod", "chat-v7", world);
  EXPECT_EQ(observed.used_by, std::vector<std::string>{"chat"});
  ASSERT_EQ(observed.fetches.size(), 1U);
  EXPECT_EQ(observed.fetches[0].report->digest, "sha256:aa");
}

}  // namespace
}  // namespace slipway::model_version

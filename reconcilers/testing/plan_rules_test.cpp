// The rules by which the fuzzers judge plans can be broken: a good plan keeps them, and each change
// of it for the worse is noticed.
#include "reconcilers/testing/plan_rules.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "reconcilers/common/names.hpp"
#include "reconcilers/testing/cluster.hpp"

namespace slipway::testing {
namespace {

struct Case {
  const char* name;
  std::function<void(Plan&)> spoil;
  const char* complaint;
};

template <class Kind>
Kind& first(Plan& plan) {
  for (Action& action : plan.actions)
    if (auto* found = std::get_if<Kind>(&action)) return *found;
  throw std::logic_error("no such action");
}

Json& applied(Plan& plan, std::string_view kind) {
  for (Action& action : plan.actions)
    if (auto* apply = std::get_if<Apply>(&action); apply && apply->object.at("kind") == kind)
      return apply->object;
  throw std::logic_error("no such object");
}

Json& engine(Plan& plan) {
  return applied(plan, "Deployment")["spec"]["template"]["spec"]["containers"][0];
}

std::string judged(const Plan& plan, const Cluster& cluster) {
  std::string all;
  for (const std::string& one : broken_rules(plan, cluster.keys().front(), cluster.world(), true))
    all += one + "\n";
  return all;
}

Cluster autoscaled() {
  Cluster cluster;
  cluster.set_spec(R"({"model":{"uri":"pvc://models/a.gguf"},"replicas":{"min":1,"max":3}})");
  return cluster;
}

TEST(PlanRules, AreKeptByAGoodPlan) {
  const Cluster cluster = autoscaled();
  EXPECT_EQ(judged(cluster.plan(), cluster), "");
}

TEST(PlanRules, AllowNoPlanForWhatIsGone) {
  Cluster cluster = autoscaled();
  const Plan plan = cluster.plan();
  cluster.service()["metadata"]["deletionTimestamp"] = "2026-11-23T14:02:00Z";
  EXPECT_NE(judged(plan, cluster), "");
  EXPECT_EQ(judged(cluster.plan(), cluster), "");
}

TEST(PlanRules, AllowNoDeletionOfWhatServes) {
  Cluster cluster = autoscaled();
  cluster.settle();
  const Json& serving = *cluster.find("Deployment");
  const Json& metadata = serving.at("metadata");
  const Plan plan{
      {Delete{{"apps/v1", "Deployment", "prod", metadata.at("name")}, metadata.at("uid")}},
      std::nullopt};
  EXPECT_NE(judged(plan, cluster).find("serves"), std::string::npos);
}

class PlanRulesNotice : public ::testing::TestWithParam<Case> {};

TEST_P(PlanRulesNotice, WhatIsWrong) {
  const Cluster cluster = autoscaled();
  Plan plan = cluster.plan();
  GetParam().spoil(plan);
  EXPECT_NE(judged(plan, cluster).find(GetParam().complaint), std::string::npos)
      << judged(plan, cluster);
}

INSTANTIATE_TEST_SUITE_P(
    Spoilt, PlanRulesNotice,
    ::testing::ValuesIn<Case>({
        {"LongName",
         [](Plan& p) { applied(p, "Service")["metadata"]["name"] = std::string(64, 'a'); },
         "no DNS label"},
        {"ServiceOfADigit", [](Plan& p) { applied(p, "Service")["metadata"]["name"] = "1a"; },
         "begins with a digit"},
        {"NoOwner",
         [](Plan& p) { applied(p, "Deployment")["metadata"]["ownerReferences"] = Json::array(); },
         "not our owner's"},
        {"OtherNamespace", [](Plan& p) { applied(p, "Service")["metadata"]["namespace"] = "x"; },
         "is another one"},
        {"LabelValue",
         [](Plan& p) { applied(p, "Service")["metadata"]["labels"][kServiceLabel] = "a b"; },
         "no label value"},
        {"AnyRevision",
         [](Plan& p) { applied(p, "Service")["spec"]["selector"].erase(kRevisionLabel); },
         "does not name one revision"},
        {"FieldOutsideOfTheShape", [](Plan& p) { engine(p)["stdin"] = true; }, "never compared"},
        {"MountWithoutVolume", [](Plan& p) { engine(p)["volumeMounts"][0]["name"] = "none"; },
         "name no volume"},
        {"RequestAboveLimit",
         [](Plan& p) { engine(p)["resources"]["limits"] = {{"memory", "1Mi"}}; },
         "beyond its limit"},
        {"SelectsNoPod",
         [](Plan& p) {
           applied(p, "Deployment")["spec"]["template"]["metadata"]["labels"].erase(kServiceLabel);
         },
         "is on no pod"},
        {"NothingToScale",
         [](Plan& p) { applied(p, "HorizontalPodAutoscaler")["spec"]["maxReplicas"] = 1; },
         "nothing to decide"},
        {"Stranger",
         [](Plan& p) { p.actions.push_back(Delete{{"v1", "Service", "prod", "x"}, "u"}); },
         "not ours"},
        {"StatusOfAnother", [](Plan& p) { first<SetStatus>(p).uid = "other"; }, "is another's"},
        {"LongSummary",
         [](Plan& p) { first<SetStatus>(p).status["summary"] = std::string(5000, 's'); },
         "5000 characters"},
        {"ReasonOfManyWords",
         [](Plan& p) { first<SetStatus>(p).status["conditions"][0]["reason"] = "two words"; },
         "has the reason"},
        {"ConditionTwice",
         [](Plan& p) {
           Json& conditions = first<SetStatus>(p).status["conditions"];
           conditions.push_back(Json(conditions[0]));
         },
         "second one of its key"},
        {"OldGeneration", [](Plan& p) { first<SetStatus>(p).status["observedGeneration"] = 77; },
         "is another"},
        {"NoTime",
         [](Plan& p) {
           first<SetStatus>(p).status["conditions"][0]["lastTransitionTime"] = "today";
         },
         "no time"},
        {"VisitInThePast", [](Plan& p) { p.revisit = Duration{}; }, "in the past"},
        {"SilentEvent",
         [](Plan& p) { p.actions.push_back(Announce{{}, "isvc-1", false, "Ready", ""}); },
         "says nothing"},
    }),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace slipway::testing

#include "controller/runtime/executor.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "controller/runtime/fake_api.hpp"
#include "reconcilers/common/names.hpp"

namespace slipway {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Calls = std::vector<std::string>;

const Key kChat{ReconcileKind::InferenceService, "ns", "chat"};

Json owned(const char* api_version, const char* kind, const std::string& name,
           const std::string& owner_uid = "owner") {
  return {
      {"apiVersion", api_version},
      {"kind", kind},
      {"metadata",
       {{"name", name},
        {"namespace", "ns"},
        {"labels",
         {{"serving.slipway.dev/service", "chat"}, {"app.kubernetes.io/managed-by", "slipway"}}},
        {"ownerReferences", Json::array({{{"apiVersion", "serving.slipway.dev/v1alpha1"},
                                          {"kind", "InferenceService"},
                                          {"name", "chat"},
                                          {"uid", owner_uid},
                                          {"controller", true}}})}}}};
}

Json service() {
  Json out = owned("v1", "Service", "chat");
  out["spec"] = {{"selector", {{"a", "b"}}}, {"ports", Json::array({{{"port", 80}}})}};
  return out;
}

Json deployment(std::optional<int> replicas) {
  Json out = owned("apps/v1", "Deployment", "chat-1");
  out["spec"]["selector"]["matchLabels"] = {{"a", "b"}};
  if (replicas) out["spec"]["replicas"] = *replicas;
  return out;
}

Apply scale(int replicas) {
  return {{{"apiVersion", "apps/v1"},
           {"kind", "Deployment"},
           {"metadata", {{"name", "chat-1"}, {"namespace", "ns"}}},
           {"spec", {{"replicas", replicas}}}},
          kScaleManager};
}

class ExecutorTest : public testing::Test {
 protected:
  Outcome run(std::vector<Action> actions, Duration at = {}) {
    api_.calls.clear();
    return executor_.execute(kChat, Plan{std::move(actions), {}}, {Time(hours(500000)), at});
  }
  Outcome clear_doubts() {
    api_.calls.clear();
    return executor_.clear_doubts(kChat);
  }
  // The cluster holds `object`, in a version that is newer than all before.
  void hold(Watched kind, Json object, const std::string& uid = "live") {
    object["metadata"]["uid"] = uid;
    object["metadata"]["resourceVersion"] = std::to_string(++api_.version);
    const std::string kind_and_name =
        object["kind"].get<std::string>() + " " + object["metadata"]["name"].get<std::string>();
    api_.stored[kind_and_name] = object;
    cache_.learn(kind, object.dump());
  }
  void see_deletion(Watched kind, const std::string& name,
                    const char* uid = "uid-of-Service chat") {
    const Json last{{"metadata",
                     {{"name", name},
                      {"namespace", "ns"},
                      {"uid", uid},
                      {"resourceVersion", std::to_string(++api_.version)}}}};
    std::string text = last.dump();
    const std::size_t size = text.size();
    text.resize(size + kube::kJsonPadding);
    cache_.ingest(kind, kube::Seen{kube::Change::Deleted, std::string_view(text).substr(0, size)});
  }
  void see_end_of_owner() { see_deletion(Watched::InferenceService, "chat", "owner"); }
  static Error refusal(Fault fault, const char* what = "refused") { return {fault, what, {}}; }

  // As a Lease would have it.
  struct Term : Leadership {
    bool may_write(Duration) const override { return true; }
    std::int64_t epoch() const override { return own; }
    void outgrow(std::int64_t epoch) override { met = epoch; }
    std::int64_t own = 0, met = 0;
  };

  FakeApi api_;
  Cache cache_;
  Term leader_;
  Executor executor_{api_, cache_, leader_};
};

TEST_F(ExecutorTest, SendsOnce_ThenNothing) {
  run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{"apply Service chat"});
  run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{}) << "the answer was read back into the cache";
}

TEST_F(ExecutorTest, SendsNothing_WhenARestartedControllerFindsWhatItWants) {
  hold(Watched::Service, service());
  run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{});
}

TEST_F(ExecutorTest, RepairsADrift_ByForce) {
  Json drifted = service();
  drifted["spec"]["selector"]["a"] = "c";
  hold(Watched::Service, drifted);
  run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{"apply! Service chat"});
}

TEST_F(ExecutorTest, ReplacesOnlyTheVersionThatItLookedAt) {
  run({Apply{service()}});
  EXPECT_EQ(api_.last["metadata"]["resourceVersion"], "1") << "there must be none";
  EXPECT_FALSE(api_.last["metadata"].contains("uid"));
  Json drifted = service();
  drifted["spec"]["selector"]["a"] = "c";
  hold(Watched::Service, drifted);
  const std::string version = std::to_string(api_.version);
  run({Apply{service()}});
  EXPECT_EQ(api_.last["metadata"]["resourceVersion"], version);
  EXPECT_EQ(api_.last["metadata"]["uid"], api_.stored["Service chat"]["metadata"]["uid"])
      << "else what was deleted would be made anew";
}

TEST_F(ExecutorTest, LooksAgain_WhenSomebodyWroteMeanwhile) {
  Json drifted = service();
  drifted["spec"]["selector"]["a"] = "c";
  hold(Watched::Service, drifted);
  api_.foreign["chat"] = api_.stored["Service chat"];
  api_.foreign["chat"]["spec"] = service()["spec"];
  api_.foreign["chat"]["metadata"]["resourceVersion"] = "5000";
  api_.refusals = {refusal(Fault::Conflict)};
  const Outcome outcome = run({Apply{service()}});
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->error.fault, Fault::Overtaken);
  EXPECT_FALSE(outcome.failure->lasting);
  EXPECT_EQ(api_.calls, Calls{"apply! Service chat"});
  EXPECT_FALSE(clear_doubts().failure);
  EXPECT_EQ(api_.calls, Calls{"get Service chat"}) << "before anything is decided on it";
  clear_doubts();
  EXPECT_EQ(api_.calls, Calls{}) << "once";
  run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{}) << "somebody has done it already";
}

TEST_F(ExecutorTest, SaysWhichLeaderWrote_AndWritesNothingForThat) {
  leader_.own = 3;
  run({Apply{service()}});
  EXPECT_EQ(api_.last["metadata"]["annotations"][kEpochAnnotation], "3");
  leader_.own = 4;
  run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{}) << "a takeover is no reason to write";
  Json other = service();
  other["spec"]["selector"]["a"] = "new";
  run({Apply{other}});
  EXPECT_EQ(api_.last["metadata"]["annotations"][kEpochAnnotation], "4");
}

TEST_F(ExecutorTest, LeavesAloneWhatALaterLeaderHasWritten) {
  Json theirs = service();
  theirs["spec"]["selector"]["a"] = "theirs";
  theirs["metadata"]["annotations"][kEpochAnnotation] = "7";
  hold(Watched::Service, theirs);
  leader_.own = 6;
  const Outcome outcome = run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{});
  ASSERT_TRUE(outcome.failure);
  EXPECT_FALSE(outcome.failure->lasting);
  EXPECT_EQ(leader_.met, 7) << "only the Lease can tell who is right";
  EXPECT_TRUE(run({Delete{{"v1", "Service", "ns", "chat"}, "live"}}).failure);
  EXPECT_EQ(api_.calls, Calls{});
  leader_.own = 8;
  run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{"apply! Service chat"});
}

TEST_F(ExecutorTest, DeletesOnlyTheVersionThatItLookedAt) {
  hold(Watched::Service, service(), "u");
  const std::string version = std::to_string(api_.version);
  run({Delete{{"v1", "Service", "ns", "chat"}, "u"}});
  EXPECT_EQ(api_.removed_version, version);
}

TEST_F(ExecutorTest, DeletesNoDeploymentThatServes_WhateverTheCacheSays) {
  Json old = deployment(1);
  old["metadata"]["labels"][kRevisionLabel] = "r1";
  hold(Watched::Deployment, old, "d");
  Json selecting = service();
  selecting["spec"]["selector"] = {{kRevisionLabel, "r2"}};
  hold(Watched::Service, selecting);
  const Delete removal{{"apps/v1", "Deployment", "ns", "chat-1"}, "d"};

  api_.foreign["chat"] = api_.stored["Service chat"];
  api_.foreign["chat"]["spec"]["selector"][kRevisionLabel] = "r1";
  api_.foreign["chat"]["metadata"]["resourceVersion"] = std::to_string(++api_.version);
  const Outcome outcome = run({removal});
  ASSERT_TRUE(outcome.failure);
  EXPECT_FALSE(outcome.failure->lasting);
  EXPECT_EQ(outcome.affected, std::vector<Key>{kChat});
  EXPECT_EQ(api_.calls, Calls{"get Service chat"});

  hold(Watched::Service, selecting);
  api_.foreign["chat"] = api_.stored["Service chat"];
  EXPECT_FALSE(run({removal}).failure);
  EXPECT_EQ(api_.calls, (Calls{"get Service chat", "delete Deployment chat-1 d"}));
}

TEST_F(ExecutorTest, KnowsThatWhatItDeletedIsGoing) {
  const ObjectRef ref{"v1", "Service", "ns", "chat"};
  hold(Watched::Service, service(), "u");
  api_.refusals = {refusal(Fault::Unavailable)};
  run({Delete{ref, "u"}});
  EXPECT_FALSE(cache_.find(ref)->metadata->deletion_timestamp) << "perhaps it is not";
  run({Delete{ref, "u"}});
  EXPECT_TRUE(cache_.find(ref)->metadata->deletion_timestamp);
  hold(Watched::Service, service(), "u");  // an event from before
  EXPECT_TRUE(cache_.find(ref)->metadata->deletion_timestamp);
}

TEST_F(ExecutorTest, ReadsWhatBecameOfAWriteWhoseAnswerWasLost) {
  hold(Watched::Service, service());
  Json moved = service();
  moved["spec"]["selector"]["a"] = "c";
  api_.refusals = {refusal(Fault::Unavailable)};
  EXPECT_TRUE(run({Apply{moved}}).failure);
  api_.unreadable = refusal(Fault::Unavailable);
  const Outcome unknown = clear_doubts();
  ASSERT_TRUE(unknown.failure) << "nothing may be decided yet";
  EXPECT_EQ(unknown.failure->object.name, "chat");
  EXPECT_FALSE(unknown.failure->lasting);
  api_.unreadable.reset();
  api_.foreign["chat"] = api_.stored["Service chat"];
  api_.foreign["chat"]["spec"] = moved["spec"];
  api_.foreign["chat"]["metadata"]["resourceVersion"] = std::to_string(++api_.version);
  const Outcome known = clear_doubts();
  EXPECT_EQ(known.affected, std::vector<Key>{kChat});
  run({Apply{moved}});
  EXPECT_EQ(api_.calls, Calls{}) << "it was taken";
}

TEST_F(ExecutorTest, AsksNothing_WhenTheWatchHasToldWhatBecameOfAWrite) {
  hold(Watched::Service, service());
  Json moved = service();
  moved["spec"]["selector"]["a"] = "c";
  api_.refusals = {refusal(Fault::Unavailable)};
  run({Apply{moved}});
  hold(Watched::Service, moved);
  EXPECT_FALSE(clear_doubts().failure);
  EXPECT_EQ(api_.calls, Calls{});
}

TEST_F(ExecutorTest, KnowsThatItIsGoing_WhenTheAnswerToADeletionWasLost) {
  const ObjectRef ref{"v1", "Service", "ns", "chat"};
  hold(Watched::Service, service(), "u");
  api_.refusals = {refusal(Fault::Unavailable)};
  run({Delete{ref, "u"}});
  clear_doubts();
  EXPECT_EQ(api_.calls, Calls{"get Service chat"}) << "and it was not found";
  EXPECT_TRUE(cache_.find(ref)->metadata->deletion_timestamp);
}

TEST_F(ExecutorTest, ComparesReplicas_OnlyWherePlanned) {
  hold(Watched::Deployment, deployment(5));
  run({Apply{deployment(std::nullopt)}});
  EXPECT_EQ(api_.calls, Calls{});
  run({Apply{deployment(5)}});
  EXPECT_EQ(api_.calls, Calls{});
  run({Apply{deployment(2)}});
  EXPECT_EQ(api_.calls, Calls{"apply! Deployment chat-1"});
}

TEST_F(ExecutorTest, DoesNotLoop_WhenAdmissionChangesWhatWeSend) {
  api_.mutate = [](Json& object) { object["spec"]["sessionAffinity"] = "ClientIP"; };
  run({Apply{service()}});
  EXPECT_EQ(api_.calls.size(), 1u);
  run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{}) << "what is live is what it makes of our object";
  Json other = service();
  other["spec"]["selector"]["a"] = "new";
  run({Apply{other}});
  EXPECT_EQ(api_.calls.size(), 1u) << "a new intent is sent";
}

TEST_F(ExecutorTest, RepairsAChange_ThatArrivedBeforeTheAnswerToOurOwnWrite) {
  api_.mutate = [&](Json& object) {
    // Between our write and its answer somebody else writes, and their event is quicker.
    Json theirs = object;
    theirs["spec"]["selector"]["a"] = "theirs";
    theirs["metadata"]["uid"] = "uid-of-Service chat";
    theirs["metadata"]["resourceVersion"] = std::to_string(api_.version + 50);
    cache_.learn(Watched::Service, theirs.dump());
  };
  run({Apply{service()}});
  api_.mutate = [](Json&) {};
  api_.version += 100;
  run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{"apply! Service chat"});
}

TEST_F(ExecutorTest, MakesATruce_WhenSomebodyKeepsUndoingUs) {
  Json theirs = service();
  theirs["spec"]["selector"]["a"] = "theirs";
  int sent = 0;
  for (int i = 0; i < 100; ++i) {
    hold(Watched::Service, theirs);
    const Outcome outcome = run({Apply{service()}}, seconds(i));
    sent += static_cast<int>(api_.calls.size());
    if (api_.calls.empty()) {
      ASSERT_TRUE(outcome.revisit) << i;
      EXPECT_GT(outcome.revisit->count(), 0) << i;
    }
  }
  EXPECT_LT(sent, 12) << "100 times in 100 s would be a war";
  EXPECT_GT(sent, 5);
  hold(Watched::Service, theirs);
  run({Apply{service()}}, minutes(60));
  EXPECT_EQ(api_.calls.size(), 1u) << "much later it is a new quarrel";
}

TEST_F(ExecutorTest, MakesATruce_WhenSomebodyKeepsDeletingAChild) {
  int sent = 0;
  for (int i = 0; i < 100; ++i) {
    run({Apply{service()}}, seconds(i));
    sent += static_cast<int>(api_.calls.size());
    see_deletion(Watched::Service, "chat");
  }
  EXPECT_LT(sent, 12);
  EXPECT_GT(sent, 5);
}

TEST_F(ExecutorTest, WaitsWhileALiveChildIsBeingDeleted) {
  Json going = service();
  going["metadata"]["deletionTimestamp"] = "2026-11-23T10:00:00Z";
  going["spec"]["selector"] = {{"x", "y"}};
  hold(Watched::Service, going);
  run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{});
}

TEST_F(ExecutorTest, HandsTheCountOver_BeforeItLetsGoOfIt) {
  Json ours = deployment(3);
  ours["metadata"]["annotations"]["serving.slipway.dev/scaled-by"] = "slipway";
  hold(Watched::Deployment, ours);
  Json next = deployment(std::nullopt);
  next["metadata"]["annotations"]["serving.slipway.dev/scaled-by"] = "hpa";
  const std::vector<Action> plan{scale(3), Apply{next}};
  run(plan);
  EXPECT_EQ(api_.calls,
            (Calls{"apply! slipway-scale Deployment chat-1", "apply! Deployment chat-1"}));
  run(plan);
  EXPECT_EQ(api_.calls, Calls{}) << "both are as they should be";
}

TEST_F(ExecutorTest, SetsTheCountOfANewDeployment_AfterMakingIt) {
  run({scale(4)});
  EXPECT_EQ(api_.calls, Calls{}) << "a count alone cannot make a Deployment";
  run({Apply{deployment(std::nullopt)}, scale(4)});
  EXPECT_EQ(api_.calls,
            (Calls{"apply Deployment chat-1", "apply! slipway-scale Deployment chat-1"}));
}

TEST_F(ExecutorTest, NamesTheOwnerOfANamesake) {
  Json theirs{{"metadata",
               {{"name", "chat"},
                {"namespace", "ns"},
                {"annotations", {{"meta.helm.sh/release-name", "web"}}}}}};
  api_.foreign["chat"] = theirs;
  api_.refusals = {refusal(Fault::Conflict)};
  const Outcome outcome = run({Apply{service()}, Announce{}});
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->error.what,
            "Service \"chat\" exists and belongs to Helm release web; rename this service or "
            "delete that one");
  EXPECT_TRUE(outcome.failure->lasting);
  EXPECT_EQ(outcome.failure->object, (ObjectRef{"v1", "Service", "ns", "chat"}));
  EXPECT_EQ(api_.calls, (Calls{"apply Service chat", "get Service chat"})) << "no force, and stop";
}

TEST_F(ExecutorTest, TakesBackWhatIsOurs_WhenTheWatchDoesNotShowIt) {
  api_.foreign["chat"] = service();  // somebody took our label away
  api_.refusals = {refusal(Fault::Conflict)};
  const Outcome outcome = run({Apply{service()}});
  EXPECT_FALSE(outcome.failure);
  EXPECT_EQ(api_.calls, (Calls{"apply Service chat", "get Service chat", "apply! Service chat"}));
}

TEST_F(ExecutorTest, LooksAgain_WhenWhatIsOursIsWrittenWhileItIsTakenBack) {
  api_.foreign["chat"] = service();
  api_.refusals = {refusal(Fault::Conflict), refusal(Fault::Conflict)};
  const Outcome outcome = run({Apply{service()}});
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->error.fault, Fault::Overtaken);
  EXPECT_FALSE(outcome.failure->lasting) << "it is no conflict of names";
}

Json complete_owner(const std::string& uid) {
  const auto condition = [](const char* type, const char* status) {
    return Json{{"type", type},
                {"status", status},
                {"reason", "R"},
                {"message", "m"},
                {"lastTransitionTime", "2026-01-01T00:00:00Z"}};
  };
  return {{"apiVersion", "serving.slipway.dev/v1alpha1"},
          {"kind", "InferenceService"},
          {"metadata", {{"name", "chat"}, {"namespace", "ns"}, {"uid", uid}, {"generation", 1}}},
          {"spec", {{"model", {{"uri", "file:///m.gguf"}}}}},
          {"status",
           {{"observedGeneration", 1},
            {"conditions",
             Json::array({condition("Ready", "True"), condition("Reconciling", "False")})}}}};
}

TEST_F(ExecutorTest, MakesAVanishedChildOnlyForAnOwnerThatIsStillThere) {
  hold(Watched::InferenceService, complete_owner("owner"), "owner");
  run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{"get InferenceService chat"})
      << "the owner's end is on its way to us";
  api_.foreign["chat"] = complete_owner("successor");
  run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{"get InferenceService chat"}) << "of its namesake we hear next";
  api_.foreign["chat"] = complete_owner("owner");
  run({Apply{service()}});
  EXPECT_EQ(api_.calls, (Calls{"get InferenceService chat", "apply Service chat"}));
}

TEST_F(ExecutorTest, MakesNothingMore_OnceItsOwnerIsKnownToBeGone) {
  hold(Watched::InferenceService, complete_owner("owner"), "owner");
  run({Apply{deployment(1)}, Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{"get InferenceService chat"}) << "asked once";
  api_.foreign["chat"] = complete_owner("owner");
  api_.mutate = [&](Json&) { see_end_of_owner(); };
  run({Apply{deployment(1)}, Apply{service()}});
  EXPECT_EQ(api_.calls, (Calls{"get InferenceService chat", "apply Deployment chat-1"}))
      << "its deletion was seen between the two";
}

TEST_F(ExecutorTest, MakesTheChildrenOfANewServiceWithoutARead) {
  Json fresh = complete_owner("owner");
  fresh["status"]["conditions"][0]["status"] = "False";
  hold(Watched::InferenceService, fresh, "owner");
  run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{"apply Service chat"});
}

TEST_F(ExecutorTest, NeverTouchesALabelledObjectOfSomebodyElse) {
  Json theirs = owned("v1", "Service", "chat", "other");
  theirs["metadata"]["ownerReferences"][0]["kind"] = "Deployment";
  theirs["metadata"]["ownerReferences"][0]["name"] = "web";
  hold(Watched::Service, theirs);
  const Outcome outcome = run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{});
  ASSERT_TRUE(outcome.failure);
  EXPECT_TRUE(outcome.failure->lasting);
  EXPECT_NE(outcome.failure->error.what.find("belongs to Deployment web"), std::string::npos);
}

TEST_F(ExecutorTest, WaitsForTheChildrenOfADeletedNamesake) {
  Json left = owned("v1", "Service", "chat", "former-uid");
  hold(Watched::Service, left);
  const Outcome outcome = run({Apply{service()}});
  EXPECT_EQ(api_.calls, Calls{});
  ASSERT_TRUE(outcome.failure);
  EXPECT_FALSE(outcome.failure->lasting) << "the garbage collector will take it";
}

struct FaultCase {
  const char* name;
  Fault fault;
  bool lasting;
};
class FaultTest : public ExecutorTest, public testing::WithParamInterface<FaultCase> {};

TEST_P(FaultTest, SaysWhetherTryingAgainHelps_AndStops) {
  api_.refusals = {refusal(GetParam().fault)};
  const Outcome outcome = run({Apply{service()}, Apply{deployment(1)}});
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->lasting, GetParam().lasting);
  EXPECT_EQ(outcome.failure->action, Action(Apply{service()}));
  for (const std::string& call : api_.calls) EXPECT_EQ(call.find("Deployment"), std::string::npos);
  run({Apply{service()}, Apply{deployment(1)}});
  EXPECT_EQ(api_.calls.size(), 2u) << "nothing was taken for done";
}

INSTANTIATE_TEST_SUITE_P(Executor, FaultTest,
                         testing::ValuesIn<FaultCase>({
                             {"quota", Fault::Forbidden, true},
                             {"admission", Fault::Invalid, true},
                             {"no_answer", Fault::Unavailable, false},
                             {"too_many_requests", Fault::Throttled, false},
                             {"namespace_gone", Fault::NotFound, false},
                         }),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_F(ExecutorTest, DeletesByUid_Once) {
  const Delete removal{{"v1", "Service", "ns", "old"}, "u1"};
  run({removal});
  EXPECT_EQ(api_.calls, Calls{"delete Service old u1"});
  run({removal});
  EXPECT_EQ(api_.calls, Calls{}) << "its event is on the way";
  run({Delete{removal.ref, "u2"}});
  EXPECT_EQ(api_.calls, Calls{"delete Service old u2"}) << "a namesake is another object";
}

TEST_F(ExecutorTest, ADeletionOfWhatIsGoneOrReplacedIsDone) {
  for (const Fault fault : {Fault::NotFound, Fault::Conflict}) {
    api_.refusals = {refusal(fault)};
    EXPECT_FALSE(run({Delete{{"v1", "Service", "ns", "x"}, "u"}}).failure);
  }
  api_.refusals = {refusal(Fault::Unavailable)};
  EXPECT_TRUE(run({Delete{{"v1", "Service", "ns", "y"}, "u"}}).failure);
}

TEST_F(ExecutorTest, ADeletionThatConflicts_IsTriedAgainWhileItsObjectIsThere) {
  hold(Watched::Service, service(), "u");
  const Delete removal{{"v1", "Service", "ns", "chat"}, "u"};
  api_.refusals = {refusal(Fault::Conflict)};
  EXPECT_TRUE(run({removal}).failure);
  run({removal});
  EXPECT_EQ(api_.calls, Calls{"delete Service chat u"});
}

TEST_F(ExecutorTest, WritesStatusAboutTheVersionItWasDecidedOn) {
  const Json chat{{"apiVersion", "serving.slipway.dev/v1alpha1"},
                  {"kind", "InferenceService"},
                  {"metadata", {{"name", "chat"}, {"namespace", "ns"}}}};
  const SetStatus status{
      {"serving.slipway.dev/v1alpha1", "InferenceService", "ns", "chat"}, "u7", {{"summary", "x"}}};
  run({status});
  EXPECT_EQ(api_.calls, Calls{}) << "its object is gone";
  hold(Watched::InferenceService, chat, "u8");
  run({status});
  EXPECT_EQ(api_.calls, Calls{}) << "a namesake";
  hold(Watched::InferenceService, chat, "u7");
  const std::string version = std::to_string(api_.version);
  run({status});
  EXPECT_EQ(api_.calls, Calls{"status InferenceService chat"});
  EXPECT_EQ(api_.last["metadata"]["resourceVersion"], version);
  EXPECT_EQ(api_.last["status"], Json({{"summary", "x"}}));
  run({status});
  EXPECT_EQ(api_.last["metadata"]["resourceVersion"], std::to_string(api_.version - 1))
      << "the answer to the first one was read";

  api_.refusals = {refusal(Fault::NotFound)};
  EXPECT_FALSE(run({status}).failure) << "deleted a moment ago";
  api_.refusals = {refusal(Fault::Conflict)};
  const Outcome outcome = run({status});
  ASSERT_TRUE(outcome.failure);
  EXPECT_FALSE(outcome.failure->lasting) << "the cache will have caught up in a moment";
}

TEST_F(ExecutorTest, AnnouncesOncePerHourAndCause) {
  Announce news{{"v1", "Service", "ns", "chat"}, "u", true, "Refused", "quota"};
  const std::vector<Action> plan{news};
  run(plan);
  EXPECT_EQ(api_.calls, Calls{"create Event Refused"});
  run(plan, minutes(59));
  EXPECT_EQ(api_.calls, Calls{});
  run(plan, minutes(61));
  EXPECT_EQ(api_.calls.size(), 1u);
  news.message = "another";
  run({news}, minutes(61));
  EXPECT_EQ(api_.calls.size(), 1u);
}

TEST_F(ExecutorTest, AnEventThatIsRefusedStopsNothing_AndIsTriedAgain) {
  const Announce news{{"v1", "Service", "ns", "chat"}, "u", true, "Refused", "quota"};
  api_.refusals = {refusal(Fault::Forbidden)};
  EXPECT_FALSE(run({news, Apply{service()}}).failure);
  EXPECT_EQ(api_.calls, (Calls{"create Event Refused", "apply Service chat"}));
  run({news});
  EXPECT_EQ(api_.calls.size(), 1u);
}

TEST_F(ExecutorTest, AnEventThatIsThereAlready_IsDone) {
  const Announce news{{"v1", "Service", "ns", "chat"}, "u", true, "Refused", "quota"};
  api_.refusals = {refusal(Fault::AlreadyExists)};
  EXPECT_FALSE(run({news}).failure);
  EXPECT_EQ(api_.calls, Calls{"create Event Refused"});
  run({news});
  EXPECT_EQ(api_.calls, Calls{}) << "the answer to the first one was lost";
}

TEST_F(ExecutorTest, StopsBetweenTwoWrites) {
  std::stop_source stop;
  stop.request_stop();
  const Outcome outcome =
      executor_.execute(kChat, Plan{{Apply{service()}}, {}}, {}, stop.get_token());
  EXPECT_EQ(api_.calls, Calls{});
  ASSERT_TRUE(outcome.failure);
  EXPECT_FALSE(outcome.failure->lasting);
}

TEST(Event, HasANameMadeOfItsCause) {
  const Announce news{
      {"v1", "Node", "", std::string(253, 'x')}, "u", false, "Why", std::string(2000, 'm')};
  const Time now{hours(500000)};
  const Json event = event_of(news, now);
  EXPECT_EQ(event["metadata"]["namespace"], "default");
  EXPECT_EQ(event["metadata"]["name"].get<std::string>().size(), 253u);
  EXPECT_EQ(event["note"].get<std::string>().size(), 1024u);
  EXPECT_EQ(event_of(news, now + minutes(1))["metadata"]["name"], event["metadata"]["name"]);
  EXPECT_NE(event_of(news, now + hours(1))["metadata"]["name"], event["metadata"]["name"]);
}

}  // namespace
}  // namespace slipway

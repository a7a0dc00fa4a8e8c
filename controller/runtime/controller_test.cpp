#include "controller/runtime/controller.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "controller/runtime/fake_api.hpp"

namespace slipway {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Key kChat{ReconcileKind::InferenceService, "ns", "chat"};

// Drives the engine by hand: events in, keys out, in virtual time.
class ControllerTest : public testing::Test {
 protected:
  Moment now() const { return {Time(std::chrono::hours(500000)) + at_, at_}; }

  void see(Watched kind, Json object, kube::Change change = kube::Change::Modified) {
    object["metadata"]["resourceVersion"] = std::to_string(++api_.version);
    if (kind == Watched::InferenceService) api_.stored["InferenceService chat"] = object;
    std::string text = object.dump();
    const std::size_t size = text.size();
    text.resize(size + kube::kJsonPadding);
    controller_.on_watch_event(kind, kube::Seen{change, std::string_view(text).substr(0, size)},
                               now());
  }
  void see_service_deleted(const std::string& uid) {
    see(Watched::Service,
        {{"metadata",
          {{"name", "chat"},
           {"namespace", "ns"},
           {"uid", uid},
           {"labels", {{"serving.slipway.dev/service", "chat"}}}}}},
        kube::Change::Deleted);
  }
  void sync(Watched kind) {
    controller_.on_watch_event(kind, kube::SetBegin{}, now());
    if (kind == Watched::InferenceService) see(kind, service());
    if (kind == Watched::ClusterServingRuntime) see(kind, runtime());
    controller_.on_watch_event(kind, kube::SetEnd{std::to_string(api_.version)}, now());
  }
  void sync_all() {
    for (const Watched kind : kAllWatched) sync(kind);
  }
  static Json service() {
    return {
        {"apiVersion", "serving.slipway.dev/v1alpha1"},
        {"kind", "InferenceService"},
        {"metadata", {{"name", "chat"}, {"namespace", "ns"}, {"uid", "owner"}, {"generation", 1}}},
        {"spec", {{"model", {{"uri", "file:///models/tiny.gguf"}}}}}};
  }
  static Json runtime() {
    return {{"apiVersion", "serving.slipway.dev/v1alpha1"},
            {"kind", "ClusterServingRuntime"},
            {"metadata", {{"name", "llama-cpp"}, {"uid", "r"}, {"generation", 1}}},
            {"spec",
             {{"engine", "llama.cpp"},
              {"image", "engine:1"},
              {"command", Json::array({"/usr/bin/llama-server"})},
              {"formats", Json::array({{{"name", "gguf"}, {"autoSelect", true}}})},
              {"devices", Json::array({"cpu"})}}}};
  }
  // Processes until nothing is due, what comes of it included.
  std::vector<Report> settle() {
    std::vector<Report> reports;
    for (;;) {
      at_ += milliseconds(50);
      const auto key = controller_.take(now());
      if (!key) return reports;
      reports.push_back(controller_.process(*key, now()));
      if (reports.size() > 200) ADD_FAILURE() << "it never settles";
      if (reports.size() > 200) return reports;
    }
  }
  std::ptrdiff_t calls(const std::string& what) {
    return std::ranges::count_if(
        api_.calls, [&](const std::string& call) { return call.find(what) != std::string::npos; });
  }

  FakeApi api_;
  SoleLeader leader_;
  Controller controller_{Settings{.agent_image = "slipway:1"}, api_, leader_, [] { return 0.0; }};
  Duration at_ = seconds(1);
};

TEST_F(ControllerTest, TouchesNothing_BeforeEveryWatchIsInSync) {
  for (const Watched kind : kAllWatched) {
    EXPECT_FALSE(controller_.synced());
    EXPECT_EQ(controller_.take(now()), std::nullopt);
    EXPECT_EQ(controller_.next_due(now()), std::nullopt);
    sync(kind);
  }
  EXPECT_TRUE(controller_.synced());
  EXPECT_EQ(controller_.take(now()), kChat);
}

TEST_F(ControllerTest, MakesTheChildren_ThenKeepsQuiet) {
  sync_all();
  settle();
  EXPECT_EQ(calls("apply ModelVersion"), 1);
  EXPECT_EQ(calls("apply Deployment"), 1);
  EXPECT_EQ(calls("apply Service chat"), 1);
  EXPECT_GE(calls("status InferenceService"), 1);
  EXPECT_GE(calls("status ModelVersion"), 1);

  api_.calls.clear();
  for (int i = 0; i < 10; ++i) {
    at_ += minutes(10);
    settle();
  }
  EXPECT_TRUE(api_.calls.empty()) << api_.calls.front();
}

TEST_F(ControllerTest, RemakesAChildThatWasDeleted) {
  sync_all();
  settle();
  const auto made = controller_.cache().services_of("ns", "chat");
  ASSERT_EQ(made.size(), 1u);
  api_.calls.clear();
  see_service_deleted(made[0]->metadata.uid);
  settle();
  EXPECT_EQ(calls("apply Service chat"), 1);
  EXPECT_EQ(api_.calls.size(), 1u);
}

TEST_F(ControllerTest, SaysARefusalInTheStatus_AndTriesAtGrowingIntervals) {
  sync_all();
  settle();
  const Error quota{Fault::Forbidden, "exceeded quota: services=1", {}};
  int attempts = 0;
  // Somebody deletes the Service, and the quota refuses to have it back.
  see_service_deleted("uid-of-Service chat");
  bool said = false;
  for (int second = 0; second < 600; ++second) {
    api_.calls.clear();
    api_.refusals.assign(1, quota);
    while (const auto key = controller_.take(now())) {
      const Report report = controller_.process(*key, now());
      if (report.failure) {
        EXPECT_EQ(report.failure->error.what, quota.what);
      }
    }
    attempts += static_cast<int>(calls("apply Service"));
    said = said || calls("status InferenceService") > 0;
    at_ += seconds(1);
  }
  EXPECT_TRUE(said);
  EXPECT_GE(attempts, 4);
  EXPECT_LE(attempts, 16) << "no hot loop";
  const auto chat = controller_.cache().inference_service("ns", "chat");
  EXPECT_NE(chat->status.summary.find("exceeded quota"), std::string::npos) << chat->status.summary;

  api_.refusals.clear();
  at_ += minutes(6);
  settle();
  EXPECT_EQ(controller_.cache().services_of("ns", "chat").size(), 1u) << "cured by itself";
  EXPECT_EQ(controller_.cache().inference_service("ns", "chat")->status.summary.find("quota"),
            std::string::npos);
}

TEST_F(ControllerTest, TriesAgainSoon_WhenNoAnswerCame) {
  sync_all();
  api_.refusals.assign(3, Error{Fault::Unavailable, "connection refused", {}});
  const auto reports = settle();
  ASSERT_FALSE(reports.empty());
  ASSERT_TRUE(reports[0].failure);
  EXPECT_FALSE(reports[0].repeated);
  EXPECT_EQ(reports[0].next_try, Duration(5));
  ASSERT_GE(reports.size(), 2u);
  EXPECT_TRUE(reports[1].repeated) << "said once is enough";
  for (int i = 0; i < 3; ++i) {
    at_ += seconds(1);
    settle();
  }
  EXPECT_GT(calls("status InferenceService"), 0);
  EXPECT_EQ(controller_.cache().services_of("ns", "chat").size(), 1u);
}

TEST_F(ControllerTest, StartsWithShortPausesAgain_AfterASuccess) {
  sync_all();
  const Error lost{Fault::Unavailable, "connection refused", {}};
  api_.refusals.assign(3, lost);
  std::vector<Duration> pauses;
  for (const Report& report : settle())
    if (report.key == kChat && report.next_try) pauses.push_back(*report.next_try);
  EXPECT_EQ(pauses, (std::vector<Duration>{Duration(5), Duration(10), Duration(20)}));
  const auto made = controller_.cache().services_of("ns", "chat");
  ASSERT_EQ(made.size(), 1u);
  see_service_deleted(made[0]->metadata.uid);
  api_.refusals.assign(1, lost);
  const auto reports = settle();
  ASSERT_FALSE(reports.empty());
  EXPECT_EQ(reports[0].next_try, Duration(5));
}

TEST_F(ControllerTest, WaitsAsLongAsTheServerAsks) {
  sync_all();
  api_.refusals.assign(1, Error{Fault::Throttled, "too many requests", seconds(9)});
  const auto reports = settle();
  ASSERT_FALSE(reports.empty());
  EXPECT_EQ(reports[0].next_try, seconds(9));

  api_.calls.clear();
  at_ += seconds(8);
  Json edited = service();
  edited["metadata"]["generation"] = 2;
  edited["spec"]["replicas"] = {{"min", 2}};
  see(Watched::InferenceService, edited);
  settle();
  EXPECT_EQ(api_.calls, std::vector<std::string>{}) << "also when the object changes meanwhile";
  at_ += seconds(1);
  settle();
  EXPECT_EQ(controller_.cache().services_of("ns", "chat").size(), 1u);
}

TEST_F(ControllerTest, TakesABurstOfEventsInOneLook_AndAnEditAtOnce) {
  sync_all();
  settle();
  Json pod{{"metadata",
            {{"name", "chat-1"},
             {"namespace", "ns"},
             {"uid", "pod"},
             {"labels", {{"serving.slipway.dev/service", "chat"}}}}}};
  for (int i = 0; i < 5; ++i) {
    pod["metadata"]["annotations"]["n"] = std::to_string(i);
    see(Watched::Pod, pod);
    at_ += milliseconds(5);
  }
  EXPECT_EQ(controller_.take(now()), std::nullopt);
  at_ += milliseconds(25);
  ASSERT_EQ(controller_.take(now()), kChat);
  controller_.process(kChat, now());
  EXPECT_EQ(controller_.take(now()), std::nullopt);

  Json edited = service();
  edited["metadata"]["generation"] = 2;
  see(Watched::InferenceService, edited);
  EXPECT_EQ(controller_.take(now()), kChat);
}

TEST_F(ControllerTest, DoesNothing_ForWhatIsGone) {
  sync_all();
  settle();
  api_.calls.clear();
  see(Watched::InferenceService, service(), kube::Change::Deleted);
  settle();
  EXPECT_EQ(calls("apply"), 0) << "its children go with it by their owner references";
}

}  // namespace
}  // namespace slipway

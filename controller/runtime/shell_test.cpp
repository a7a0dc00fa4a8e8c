#include "controller/runtime/shell.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "controller/runtime/fake_api.hpp"

namespace slipway {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kRuntime = "clusterservingruntimes";

// Moves only when it is told to.
class HandClock : public Clock {
 public:
  Moment now() const override {
    const Duration now(now_.load());
    return {Time(std::chrono::hours(500'000)) + now, now};
  }
  void pass(Duration time) { now_ += time.count(); }

 private:
  std::atomic<Duration::rep> now_ = 1000;
};

// An API server that holds ClusterServingRuntimes, and whose watches skip what changes: they tell a
// set, then nothing but a bookmark.
class LossyServer : public kube::Transport {
 public:
  void begin(const std::vector<std::string>& names) {
    change([&] {
      objects_.clear();
      for (const std::string& name : names) objects_[name] = version_;
      lists = told = opened_ = 0;
    });
  }
  void put(const std::string& name) {
    change([&] { objects_[name] = ++version_; });
  }
  void remove(const std::string& name) {
    change([&] {
      objects_.erase(name);
      ++version_;
    });
  }

  Result<kube::HttpResponse> send(const kube::HttpRequest& request, Duration) override {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(request.method, "GET");
    EXPECT_NE(request.accept.find("as=PartialObjectMetadataList"), std::string::npos);
    ++lists;
    Json items = Json::array();
    if (request.target.find(kRuntime) != std::string::npos) {
      for (const auto& [name, version] : objects_) items.push_back(object(name, version));
    }
    changed_.notify_all();
    return kube::HttpResponse{
        200,
        Json{{"metadata", {{"resourceVersion", std::to_string(version_)}}}, {"items", items}}
            .dump(),
        std::nullopt};
  }

  Result<> stream(const kube::HttpRequest& request, std::stop_token stop, Duration,
                  const kube::OnBytes& on_bytes) override {
    const std::size_t from = request.target.rfind('/') + 1;
    const std::string plural = request.target.substr(from, request.target.find('?') - from);
    std::unique_lock lock(mutex_);
    ++opened_;
    std::string lines;
    if (plural == kRuntime) {
      for (const auto& [name, version] : objects_)
        lines += Json{{"type", "ADDED"}, {"object", object(name, version)}}.dump() + "\n";
    }
    lines += bookmark(plural, true);
    do {
      lock.unlock();
      on_bytes(lines);
      lock.lock();
      ++told;
      changed_.notify_all();
      changed_.wait(lock, stop, [&, version = version_] { return version_ != version; });
      lines = bookmark(plural, false);
    } while (!stop.stop_requested());
    return {};
  }

  int opened() {
    const std::lock_guard lock(mutex_);
    return opened_;
  }
  // Until a list or a watch has made `done` true, which may look at what follows.
  template <class Done>
  bool wait_until(Done done) {
    std::unique_lock lock(mutex_);
    while (!done()) {
      if (changed_.wait_for(lock, seconds(30)) == std::cv_status::timeout) return false;
    }
    return true;
  }
  int lists = 0;  // that were asked for
  int told = 0;   // sets and bookmarks that were taken in

 private:
  template <class What>
  void change(What what) {
    const std::lock_guard lock(mutex_);
    what();
    changed_.notify_all();
  }

  static Json object(const std::string& name, int version) {
    return {{"apiVersion", "serving.slipway.dev/v1alpha1"},
            {"kind", "ClusterServingRuntime"},
            {"metadata",
             {{"name", name},
              {"uid", "uid-" + name},
              {"generation", 1},
              {"resourceVersion", std::to_string(version)}}},
            {"spec",
             {{"engine", "llama.cpp"},
              {"image", "engine:1"},
              {"command", Json::array({"/usr/bin/llama-server"})},
              {"formats", Json::array({{{"name", "gguf"}}})},
              {"devices", Json::array({"cpu"})}}}};
  }
  std::string bookmark(const std::string& plural, bool end_of_set) const {
    Json metadata{{"resourceVersion", std::to_string(version_)}};
    if (end_of_set) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
    std::string kind;
    for (const Watched watched : kAllWatched) {
      if (target_of(watched).resource.plural == plural) kind = target_of(watched).resource.kind;
    }
    return Json{{"type", "BOOKMARK"}, {"object", {{"kind", kind}, {"metadata", metadata}}}}.dump() +
           "\n";
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, int> objects_;
  int version_ = 100;
  int opened_ = 0;
};

// A controller with threads, and a clock that moves by hand.
class ShellTest : public testing::Test {
 protected:
  ShellEvents events() {
    return {{},
            [this](Watched kind, const Error& error) {
              EXPECT_EQ(kind, Watched::ClusterServingRuntime) << error.what;
              ++troubles_;
            },
            {},
            [this](Watched kind, const AuditFinding& finding) {
              EXPECT_EQ(kind, Watched::ClusterServingRuntime);
              EXPECT_EQ(finding.differences, 1u);
              ++found_;
            }};
  }
  bool holds(std::size_t count) {
    return server_.wait_until([&] {
      return controller_.synced() &&
             controller_.cache().count(Watched::ClusterServingRuntime) == count;
    });
  }
  // Until the server has been listed so often.
  bool lists_after(Duration time, int lists) {
    clock_.pass(time);
    wake_.ring_all();
    return server_.wait_until([&] { return server_.lists == lists; });
  }
  static constexpr int kKinds = static_cast<int>(kAllWatched.size());

  FakeApi api_;
  SoleLeader leader_;
  Controller controller_{Settings{.agent_image = "slipway:1"}, api_, leader_, [] { return 0.0; }};
  LossyServer server_;
  HandClock clock_;
  WakeUp wake_;
  std::atomic<int> found_ = 0;
  std::atomic<int> troubles_ = 0;
};

TEST_F(ShellTest, AnAuditRepairsWhatAWatchHasLost) {
  for (const bool removed : {false, true}) {
    found_ = troubles_ = 0;
    server_.begin({"here"});
    const ControllerShell shell(controller_, server_, clock_, wake_, {2, minutes(10)}, events());
    ASSERT_TRUE(server_.wait_until([&] { return server_.told == kKinds; }));
    ASSERT_TRUE(holds(1));
    if (removed)
      server_.remove("here");
    else
      server_.put("lost");
    ASSERT_TRUE(server_.wait_until([&] { return server_.told == 2 * kKinds; }));
    ASSERT_TRUE(holds(1)) << "no watch has said anything about it";

    ASSERT_TRUE(lists_after(minutes(10), kKinds)) << "each kind once";
    ASSERT_TRUE(lists_after(minutes(1), kKinds + 1)) << "where something differs, once more";
    ASSERT_TRUE(holds(removed ? 0 : 2));
    EXPECT_EQ(found_, 1);
    EXPECT_EQ(troubles_, 1);
    EXPECT_EQ(server_.opened(), kKinds + 1) << "no other watch starts over";
  }
}

TEST_F(ShellTest, AnAuditThatFindsNothingLeavesTheWatchesAlone) {
  server_.begin({"here"});
  const ControllerShell shell(controller_, server_, clock_, wake_, {2, minutes(10)}, events());
  ASSERT_TRUE(server_.wait_until([&] { return server_.told == kKinds; }));
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(lists_after(minutes(11), i * kKinds));
  EXPECT_EQ(found_, 0);
  EXPECT_EQ(troubles_, 0);
  EXPECT_EQ(server_.opened(), kKinds);
}

}  // namespace
}  // namespace slipway

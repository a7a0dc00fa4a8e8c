#include "controller/kube/watcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <future>

namespace slipway::kube {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

// Plays one script per stream: bytes, then an end. The last one stays open until it is stopped.
class ScriptedTransport : public Transport {
 public:
  struct Script {
    std::vector<std::string> pieces;
    Result<> end;
  };

  Result<HttpResponse> send(const HttpRequest& request, Duration) override {
    targets.push_back(request.target);
    return HttpResponse{200, page, std::nullopt};
  }

  Result<> stream(const HttpRequest& request, std::stop_token stop, Duration,
                  const OnBytes& on_bytes) override {
    targets.push_back(request.target);
    if (scripts.empty()) return fail(Fault::Unavailable, "the script is over");
    const Script script = std::move(scripts.front());
    scripts.pop_front();
    for (const std::string& piece : script.pieces) {
      if (stop.stop_requested()) return {};
      on_bytes(piece);
    }
    if (!scripts.empty()) return script.end;
    std::promise<void> stopped;
    const std::stop_callback on_stop(stop, [&] { stopped.set_value(); });
    waiting.set_value();
    stopped.get_future().wait();
    return {};
  }

  std::deque<Script> scripts;
  std::string page;
  std::vector<std::string> targets;  // of the watcher's thread, until `waiting` is set
  std::promise<void> waiting;
};

std::string pod(const std::string& name) {
  return R"({"kind":"Pod","metadata":{"name":")" + name + R"(","resourceVersion":"5"}})";
}

std::string added(const std::string& name) {
  return R"({"type":"ADDED","object":)" + pod(name) + "}\n";
}

const std::string kEndOfSet =
    R"({"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9",)"
    R"("annotations":{"k8s.io/initial-events-end":"true"}}}})"
    "\n";

const std::string kGone =
    R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}})"
    "\n";

class WatcherTest : public testing::Test {
 protected:
  // Runs a watcher until its last stream waits, and returns what the sink saw.
  std::vector<std::string> play() {
    std::vector<std::string> seen;
    Watcher watcher(
        {*find_resource("v1", "Pod"), "", ""}, transport,
        [&](const WatchEvent& event) {
          if (const auto* object = std::get_if<Seen>(&event))
            seen.emplace_back(object->object);
          else
            seen.push_back(std::holds_alternative<SetBegin>(event) ? "begin" : "end");
        },
        [&](const WatchTarget&, const Error& error) { troubles.push_back(error.what); });
    transport.waiting.get_future().wait();
    health = watcher.health();
    return seen;
  }

  ScriptedTransport transport;
  std::vector<std::string> troubles;
  WatchHealth health;
};

TEST_F(WatcherTest, MovesBytesIntoEvents) {
  transport.scripts.push_back({{added("a").substr(0, 20), added("a").substr(20) + kEndOfSet}, {}});
  EXPECT_THAT(play(), ElementsAre("begin", pod("a"), "end"));
  EXPECT_TRUE(health.synced);
  EXPECT_EQ(health.events, 1u);
  EXPECT_EQ(health.troubles, 0u);
  EXPECT_EQ(health.version, "9");
  EXPECT_TRUE(health.since_sync && *health.since_sync < seconds(60));
  EXPECT_TRUE(health.since_byte && *health.since_byte < seconds(60));
}

TEST_F(WatcherTest, ClosesStreamOnErrorAndStartsOver) {
  transport.scripts.push_back({{kEndOfSet, kGone, added("never")}, {}});
  transport.scripts.push_back({{added("b") + kEndOfSet}, {}});
  EXPECT_THAT(play(), ElementsAre("begin", "end", "begin", pod("b"), "end"));
  EXPECT_THAT(troubles, ElementsAre(HasSubstr("410 Expired")));
  EXPECT_EQ(health.troubles, 1u);
  EXPECT_EQ(health.last_trouble, "") << "all is well again";
}

TEST_F(WatcherTest, FetchesPagesFromServerWithoutStreamedSets) {
  transport.page = R"({"metadata":{"resourceVersion":"3"},"items":[)" + pod("a") + "]}";
  transport.scripts.push_back({{}, fail(Fault::Invalid, "no sendInitialEvents here")});
  transport.scripts.push_back({{added("b")}, {}});
  EXPECT_THAT(play(), ElementsAre("begin", "begin", pod("a"), "end", pod("b")));
  EXPECT_THAT(transport.targets.back(), HasSubstr("resourceVersion=3"));
}

TEST_F(WatcherTest, EndsPromptlyInTheMiddleOfPause) {
  std::promise<void> troubled;
  const auto start = std::chrono::steady_clock::now();
  {
    Watcher watcher(
        {*find_resource("v1", "Pod"), "", ""}, transport, [](const WatchEvent&) {},
        [&](const WatchTarget&, const Error&) { troubled.set_value(); });
    troubled.get_future().wait();  // the next thing it does is to pause for 0.8 s at least
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(700));
}

}  // namespace
}  // namespace slipway::kube

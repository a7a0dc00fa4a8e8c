#include "controller/kube/watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <deque>

namespace slipway::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Resource kPods{"", "v1", "pods", "Pod", true};

std::string pod(const std::string& name, int version) {
  return R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + name +
         R"(","resourceVersion":")" + std::to_string(version) +
         R"("},"spec":{"a":[1,{"b":"}\n"}]}})";
}

std::string event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}

std::string bookmark(int version, bool end_of_set = false) {
  const std::string annotations =
      end_of_set ? R"(,"annotations":{"x":"y","k8s.io/initial-events-end":"true"})"
                 : R"(,"annotations":{"x":"y"})";
  return event("BOOKMARK", R"({"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":")" +
                               std::to_string(version) + R"(","creationTimestamp":null)" +
                               annotations + "}}");
}

std::string status_event(int code, const std::string& reason) {
  return event("ERROR", R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
                        R"("message":"text","reason":")" +
                            reason + R"(","code":)" + std::to_string(code) + "}");
}

// Drives a machine and keeps what came out, as short texts: "begin", "+a1" (added a, version 1),
// "~", "-", "end", "open <version or set>", "page <continue>", "wait <ms>", "close", "trouble".
class Driver {
 public:
  explicit Driver(WatchTarget target = {kPods, "", ""}) : machine(std::move(target)) {}

  std::vector<std::string> step(decltype(WatchInput::what) what) {
    std::vector<std::string> texts;
    for (const WatchOutput& output : machine.step({std::move(what), now, random}))
      std::visit([&](const auto& one) { texts.push_back(text(one)); }, output);
    return texts;
  }
  std::vector<std::string> bytes(std::string_view data) { return step(Bytes{data}); }
  std::vector<std::string> ended(Result<> how = {}) { return step(StreamEnded{std::move(how)}); }
  std::vector<std::string> failed(Fault fault, std::optional<Duration> retry = std::nullopt) {
    return ended(fail(fault, "why", retry));
  }
  std::vector<std::string> page(const std::string& body) {
    return step(PageArrived{std::string_view(body)});
  }
  // To the state in which most watches live: in sync at version 10.
  void sync() {
    step(Start{});
    bytes(bookmark(10, true));
    now += seconds(200);
  }

  WatchMachine machine;
  Duration now = seconds(1000);
  double random = 0;
  std::string url;
  Duration idle_limit{};
  std::vector<std::string> troubles;

 private:
  std::string text(const OpenStream& open) {
    url = open.target;
    idle_limit = open.idle_limit;
    if (url.find("sendInitialEvents=true") != std::string::npos) return "open set";
    const std::size_t at = url.find("resourceVersion=");
    return "open " + url.substr(at + 16, url.find('&', at) - at - 16);
  }
  std::string text(const FetchPage& page) {
    url = page.target;
    const std::size_t at = url.find("continue=");
    return at == std::string::npos ? "page" : "page " + url.substr(at + 9);
  }
  std::string text(const Wait& wait) { return "wait " + std::to_string(wait.time.count()); }
  std::string text(const CloseStream&) { return "close"; }
  std::string text(const SetBegin&) { return "begin"; }
  std::string text(const SetEnd&) { return "end"; }
  std::string text(const Trouble& trouble) {
    troubles.push_back(trouble.error.what);
    return "trouble";
  }
  std::string text(const Seen& seen) {
    // Parsed in place, as the cache does it: this needs the padding that was promised.
    simdjson::ondemand::parser parser;
    auto document = parser.iterate(
        simdjson::padded_string_view(seen.object, seen.object.size() + kJsonPadding));
    std::string_view name;
    std::string_view version;
    if (document["metadata"]["name"].get(name) ||
        document["metadata"]["resourceVersion"].get(version))
      return "unreadable";
    const char* const sign = seen.change == Change::Added      ? "+"
                             : seen.change == Change::Modified ? "~"
                                                               : "-";
    return sign + std::string(name) + std::string(version);
  }
};

TEST(WatchMachine, FollowsASingleObject) {
  Driver drive({kPods, "shop", "", "chat"});
  drive.step(Start{});
  EXPECT_THAT(drive.url, testing::EndsWith("&fieldSelector=metadata.name%3Dchat"));
}

TEST(WatchMachine, AsksForStreamedSetAndFollowsIt) {
  Driver drive({kPods, "shop", "app=a,b!=c"});
  drive.random = 0.5;
  EXPECT_THAT(drive.step(Start{}), ElementsAre("begin", "open set"));
  EXPECT_EQ(drive.url,
            "/api/v1/namespaces/shop/pods?watch=1&allowWatchBookmarks=true&timeoutSeconds=450"
            "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion="
            "&labelSelector=app%3Da%2Cb%21%3Dc");
  EXPECT_EQ(drive.idle_limit, Duration(seconds(455)));
  EXPECT_THAT(drive.bytes(event("ADDED", pod("a", 7)) + event("ADDED", pod("b", 3))),
              ElementsAre("+a7", "+b3"));
  EXPECT_FALSE(drive.machine.synced());
  EXPECT_THAT(drive.bytes(bookmark(9, true)), ElementsAre("end"));
  EXPECT_TRUE(drive.machine.synced());
  EXPECT_THAT(drive.bytes(event("MODIFIED", pod("a", 11)) + event("DELETED", pod("b", 12))),
              ElementsAre("~a11", "-b12"));
  EXPECT_EQ(drive.machine.version(), "12");
  EXPECT_THAT(drive.ended(), ElementsAre("open 12"));
}

// What is missing from the set and newer than it is not gone: so its version must be its own.
TEST(WatchMachine, EndsASetAtItsOwnVersion_WhateverFollowsInTheSameBytes) {
  Driver drive;
  drive.step(Start{});
  const std::string data =
      bookmark(10, true) + event("MODIFIED", pod("a", 123456789)) + bookmark(1234567890);
  const auto& outputs = drive.machine.step({Bytes{data}, drive.now, 0});
  const auto* end = std::get_if<SetEnd>(&outputs.front());
  ASSERT_NE(end, nullptr);
  EXPECT_EQ(end->version, "10");
  EXPECT_EQ(drive.machine.version(), "1234567890");
}

TEST(WatchMachine, ResumesAtBookmarkAndPassesDuplicatesOn) {
  Driver drive;
  drive.sync();
  EXPECT_THAT(drive.bytes(event("ADDED", pod("a", 11)) + event("ADDED", pod("a", 11))),
              ElementsAre("+a11", "+a11"));
  EXPECT_THAT(drive.bytes(bookmark(40)), IsEmpty());
  EXPECT_THAT(drive.ended(), ElementsAre("open 40"));
  EXPECT_THAT(drive.url, HasSubstr("watch=1&allowWatchBookmarks=true&timeoutSeconds=300"));
}

TEST(WatchMachine, DoesNotTakeOrdinaryBookmarkForEndOfSet) {
  Driver drive;
  drive.step(Start{});
  EXPECT_THAT(drive.bytes(event("ADDED", pod("a", 70)) + bookmark(80)), ElementsAre("+a70"));
  EXPECT_FALSE(drive.machine.synced());
  EXPECT_EQ(drive.machine.version(), "");
}

// The objects of a set come in any order of versions: none of them is a place to go on from.
TEST(WatchMachine, GoesOnFromTheEndOfItsSet_NotFromItsLastObject) {
  Driver drive;
  drive.step(Start{});
  drive.bytes(event("ADDED", pod("a", 7)) + bookmark(10, true));
  EXPECT_EQ(drive.machine.version(), "10");
  drive.now += seconds(200);
  EXPECT_THAT(drive.ended(), ElementsAre("open 10"));
}

TEST(WatchMachine, StartsSetAnewWhenItsStreamBreaks) {
  for (const bool clean : {true, false}) {
    Driver drive;
    drive.step(Start{});
    drive.bytes(event("ADDED", pod("a", 7)) + "{\"type\":\"ADD");
    drive.now += seconds(5);
    EXPECT_THAT(clean ? drive.ended() : drive.failed(Fault::Unavailable),
                ElementsAre("trouble", "wait 800"));
    EXPECT_THAT(drive.step(TimerFired{}), ElementsAre("begin", "open set"));
    EXPECT_THAT(drive.bytes(event("ADDED", pod("b", 8)) + bookmark(9, true)),
                ElementsAre("+b8", "end"));
  }
}

TEST(WatchMachine, SurvivesBytesCutAnywhere) {
  const std::string stream = event("ADDED", pod("a", 1)) + "\n" + bookmark(2, true) +
                             event("MODIFIED", pod("\xC3\xA4", 3)) + event("DELETED", pod("a", 4)) +
                             bookmark(5);
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    Driver drive;
    drive.step(Start{});
    std::vector<std::string> seen;
    const auto feed = [&](std::string_view piece) {
      for (auto& text : drive.bytes(piece)) seen.push_back(std::move(text));
    };
    feed(std::string_view(stream).substr(0, first));
    feed(std::string_view(stream).substr(first));
    ASSERT_THAT(seen, ElementsAre("+a1", "end",
                                  "~\xC3\xA4"
                                  "3",
                                  "-a4"))
        << "cut at " << first;
    ASSERT_EQ(drive.machine.version(), "5");
  }
  Driver drive;
  drive.step(Start{});
  std::vector<std::string> seen;
  for (const char& one : stream)
    for (auto& text : drive.bytes({&one, 1})) seen.push_back(std::move(text));
  EXPECT_THAT(seen, ElementsAre("+a1", "end",
                                "~\xC3\xA4"
                                "3",
                                "-a4"));
}

TEST(WatchMachine, ForgetsPartialLineOfBrokenStream) {
  Driver drive;
  drive.sync();
  const std::string line = event("MODIFIED", pod("a", 11));
  drive.bytes(line.substr(0, 30));
  EXPECT_THAT(drive.failed(Fault::Unavailable), ElementsAre("trouble", "wait 800"));
  EXPECT_THAT(drive.step(TimerFired{}), ElementsAre("open 10"));
  EXPECT_THAT(drive.bytes(line), ElementsAre("~a11"));
}

TEST(WatchMachine, CarriesEventsOfAnySizeUpToTheLimit) {
  Driver drive;
  drive.sync();
  const std::string big(3u << 20, 'x');
  const std::string object =
      R"({"kind":"Pod","metadata":{"name":"a","resourceVersion":"11"},"s":")" + big + "\"}";
  const std::string line = event("MODIFIED", object);
  for (std::size_t at = 0; at < line.size(); at += 16384)
    EXPECT_THAT(drive.bytes(std::string_view(line).substr(at, 16384)),
                at + 16384 < line.size() ? testing::Matcher<std::vector<std::string>>(IsEmpty())
                                         : ElementsAre("~a11"));
  const std::string piece(1u << 20, 'x');
  drive.bytes("{\"type\":\"");
  std::vector<std::string> outputs;
  for (int i = 0; i < 9 && outputs.empty(); ++i) outputs = drive.bytes(piece);
  EXPECT_THAT(outputs, ElementsAre("close"));
  EXPECT_THAT(drive.bytes(event("MODIFIED", pod("a", 12))), IsEmpty()) << "closed is closed";
  EXPECT_THAT(drive.ended(), ElementsAre("trouble", "wait 800"));
  EXPECT_THAT(drive.troubles.back(), HasSubstr("more than 8388608 bytes"));
}

TEST(WatchMachine, RelistsWhenVersionExpired) {
  Driver as_status;
  as_status.sync();
  EXPECT_THAT(as_status.failed(Fault::Expired), ElementsAre("trouble", "begin", "open set"));

  Driver as_event;
  as_event.sync();
  EXPECT_THAT(as_event.bytes(event("MODIFIED", pod("a", 11)) + status_event(410, "Expired") +
                             event("MODIFIED", pod("a", 12))),
              ElementsAre("~a11", "close"));
  EXPECT_TRUE(as_event.machine.synced());
  EXPECT_THAT(as_event.ended(), ElementsAre("trouble", "begin", "open set"));
}

TEST(WatchMachine, PausesWhenVersionsKeepExpiring) {
  Driver drive;
  drive.sync();
  EXPECT_THAT(drive.failed(Fault::Expired), ElementsAre("trouble", "begin", "open set"));
  EXPECT_THAT(drive.failed(Fault::Expired), ElementsAre("trouble", "wait 1600"));
  EXPECT_THAT(drive.step(TimerFired{}), ElementsAre("begin", "open set"));
}

struct Again {
  const char* name;
  Fault fault;
};

class WatchesAgain : public testing::TestWithParam<Again> {};

TEST_P(WatchesAgain, AtSameVersionWithGrowingPauses) {
  Driver drive;
  drive.sync();
  std::vector<std::string> pauses;
  for (int i = 0; i < 8; ++i) {
    const auto outputs = drive.failed(GetParam().fault);
    ASSERT_EQ(outputs.size(), 2u);
    pauses.push_back(outputs[1]);
    EXPECT_THAT(drive.step(TimerFired{}), ElementsAre("open 10"));
  }
  EXPECT_THAT(pauses, ElementsAre("wait 800", "wait 1600", "wait 3200", "wait 6400", "wait 12800",
                                  "wait 25600", "wait 30000", "wait 30000"));
  drive.now += seconds(151);
  EXPECT_THAT(drive.failed(GetParam().fault), ElementsAre("trouble", "wait 800"));
}

INSTANTIATE_TEST_SUITE_P(Faults, WatchesAgain,
                         testing::Values(Again{"refused_connection", Fault::Unavailable},
                                         Again{"too_many_requests", Fault::Throttled},
                                         Again{"forbidden", Fault::Forbidden}),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(WatchMachine, AddsJitterAndHonoursRetryAfter) {
  Driver drive;
  drive.sync();
  drive.random = 0.5;
  EXPECT_THAT(drive.failed(Fault::Unavailable), ElementsAre("trouble", "wait 1200"));
  drive.step(TimerFired{});
  EXPECT_THAT(drive.failed(Fault::Throttled, Duration(seconds(7))),
              ElementsAre("trouble", "wait 7000"));
}

TEST(WatchMachine, TakesWatchThatEndsAtOnceForFailure) {
  Driver drive;
  drive.sync();
  EXPECT_THAT(drive.ended(), ElementsAre("open 10")) << "it had lived for 200 s";
  EXPECT_THAT(drive.ended(), ElementsAre("trouble", "wait 800"));
  drive.step(TimerFired{});
  EXPECT_THAT(drive.ended(), ElementsAre("trouble", "wait 1600"));
  drive.step(TimerFired{});
  drive.bytes(event("ADDED", pod("a", 11)));
  EXPECT_THAT(drive.ended(), ElementsAre("open 11")) << "it brought something";
}

TEST(WatchMachine, FallsBackToPagesWhenStreamedSetsAreRefused) {
  Driver drive;
  drive.step(Start{});
  EXPECT_THAT(drive.failed(Fault::Invalid), ElementsAre("trouble", "page"));
  EXPECT_EQ(drive.url, "/api/v1/pods?limit=500");
  EXPECT_THAT(
      drive.page(R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"20",)"
                 R"("continue":"a/b="},"items":[)" +
                 pod("a", 5) + "," + pod("b", 9) + "]}"),
      ElementsAre("begin", "+a5", "+b9", "page a%2Fb%3D"));
  EXPECT_FALSE(drive.machine.synced());
  EXPECT_THAT(drive.page(R"({"metadata":{"resourceVersion":"20"},"items":[)" + pod("c", 2) + "]}"),
              ElementsAre("+c2", "end", "open 20"));
  drive.now += seconds(100);
  EXPECT_THAT(drive.failed(Fault::Expired), ElementsAre("trouble", "page")) << "remembered";
}

TEST(WatchMachine, StartsPagesAnewWhenTheirSnapshotExpired) {
  Driver drive;
  drive.step(Start{});
  drive.failed(Fault::Invalid);
  drive.page(R"({"metadata":{"resourceVersion":"20","continue":"x"},"items":[]})");
  EXPECT_THAT(drive.step(PageArrived{fail(Fault::Expired, "gone")}),
              ElementsAre("trouble", "page"));
  EXPECT_THAT(drive.page(R"({"metadata":{"resourceVersion":"21"},"items":null})"),
              ElementsAre("begin", "end", "open 21"));
}

TEST(WatchMachine, AsksForSamePageAgainAfterPassingFailure) {
  Driver drive;
  drive.step(Start{});
  drive.failed(Fault::Invalid);
  drive.page(R"({"metadata":{"resourceVersion":"20","continue":"x"},"items":[]})");
  EXPECT_THAT(drive.step(PageArrived{fail(Fault::Unavailable, "why")}),
              ElementsAre("trouble", "wait 1600"));
  EXPECT_THAT(drive.step(TimerFired{}), ElementsAre("page x"));
}

TEST(WatchMachine, StartsOverWhenBrokenPageArrives) {
  for (const char* body :
       {"", "{}", "[]", R"({"metadata":{},"items":[]})", R"({"metadata":{"resourceVersion":"1"}})",
        R"({"metadata":{"resourceVersion":"1"},"items":7})",
        R"({"metadata":{"resourceVersion":"1"},"items":[{"a":)"}) {
    Driver drive;
    drive.step(Start{});
    drive.failed(Fault::Invalid);
    const auto outputs = drive.page(body);
    EXPECT_THAT(outputs, ElementsAre("trouble", "wait 1600")) << body;
    EXPECT_FALSE(drive.machine.synced());
  }
}

TEST(WatchMachine, WaitsForKindThatDoesNotExistAndComesBack) {
  Driver drive;
  drive.sync();
  EXPECT_THAT(drive.failed(Fault::NotFound), ElementsAre("trouble", "wait 800"));
  EXPECT_THAT(drive.step(TimerFired{}), ElementsAre("begin", "open set"));
  EXPECT_TRUE(drive.machine.synced()) << "the old set stays what is known";
  EXPECT_THAT(drive.bytes(bookmark(99, true)), ElementsAre("end"));
}

TEST(WatchMachine, StartsOverWhenServerKeepsFailingOnVersion) {
  Driver drive;
  drive.sync();
  std::string opened = "open 10";
  int tries = 0;
  for (; opened == "open 10" && tries < 20; ++tries) {
    EXPECT_THAT(drive.bytes(status_event(500, "InternalError")), ElementsAre("close"));
    const auto outputs = drive.ended();
    ASSERT_EQ(outputs.size(), 2u);
    drive.now += milliseconds(std::stol(outputs[1].substr(5)));
    opened = drive.step(TimerFired{}).back();
  }
  EXPECT_EQ(opened, "open set");
  EXPECT_GT(tries, 5) << "not at once";
}

TEST(WatchMachine, SkipsWhatIsNotOurKind) {
  Driver drive;
  drive.sync();
  EXPECT_THAT(
      drive.bytes(event("ADDED", R"({"kind":"Table","metadata":{"resourceVersion":"50"}})") +
                  event("ADDED", R"({"kind":"Pod"})") +
                  event("ADDED", R"({"kind":"Pod","metadata":{"name":"x"}})") +
                  event("ADDED", pod("a", 11))),
      ElementsAre("trouble", "trouble", "trouble", "+a11"));
  EXPECT_EQ(drive.machine.version(), "11");
}

TEST(WatchMachine, ClosesStreamThatIsNoWatch) {
  for (const char* line :
       {"<html>\n", "{}\n", "[]\n", "{\"type\":\"ADDED\"}\n", "\"text\"\n",
        "{\"type\":\"ADDED\",\"object\":7}\n", "{\"type\":\"OTHER\",\"object\":{}}\n",
        "{\"type\":\"ADDED\",\"object\":{\"kind\":\n", "{\"type\":1,\"object\":{}}\n"}) {
    Driver drive;
    drive.sync();
    EXPECT_THAT(drive.bytes(line), ElementsAre("close")) << line;
    EXPECT_THAT(drive.ended(), ElementsAre("trouble", "wait 800"));
    EXPECT_THAT(drive.step(TimerFired{}), ElementsAre("open 10"));
  }
}

TEST(WatchMachine, FindsItsFieldsInAnyOrder) {
  Driver drive;
  drive.sync();
  EXPECT_THAT(drive.bytes(R"({ "object" : {"spec":{"metadata":{"resourceVersion":"1"}},)"
                          R"("metadata":{"labels":{"resourceVersion":"2"},"resourceVersion":"12",)"
                          R"("name":"a"},"kind":"Pod"} , "type" : "MODIFIED" })"
                          "\r\n"),
              ElementsAre("~a12"));
}

TEST(WatchMachine, SpreadsWatchesOverFiveMinutes) {
  for (const auto& [random, limit] :
       {std::pair(0.0, 305), std::pair(0.25, 380), std::pair(0.999, 604)}) {
    Driver drive;
    drive.random = random;
    drive.step(Start{});
    EXPECT_EQ(drive.idle_limit, Duration(seconds(limit)));
  }
}

}  // namespace
}  // namespace slipway::kube

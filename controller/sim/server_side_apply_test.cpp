#include "controller/sim/server_side_apply.hpp"

#include <gtest/gtest.h>

namespace slipway::sim {
namespace {

Owned applied(Owned live, const Json& intent, const std::string& manager, bool force = false) {
  Result<Owned> done = merge_apply(std::move(live), intent, manager, force);
  EXPECT_TRUE(done.has_value()) << done.error().what;
  return done ? std::move(*done) : Owned{};
}

TEST(ServerSideApply, RemovesFieldThatItsLastOwnerStopsSending) {
  Owned live = applied({Json::object(), {}}, {{"spec", {{"a", 1}, {"b", 2}}}}, "one");
  live = applied(std::move(live), {{"spec", {{"a", 1}}}}, "one");
  EXPECT_EQ(live.object, Json({{"spec", {{"a", 1}}}}));
}

TEST(ServerSideApply, RemovesWhatItsLastOwnerSetTogetherWithTheDefaultsInside) {
  Owned live = applied({Json::object(), {}}, {{"spec", {{"probe", {{"path", "/"}}}}}}, "one");
  live.object["spec"]["probe"]["period"] = 10;  // as the server does
  EXPECT_EQ(applied(live, {{"spec", {{"a", 1}}}}, "one").object, Json({{"spec", {{"a", 1}}}}));
  // What somebody else owns in there stays, and nothing but that.
  live.owners["two"] = {{"spec", "probe", "path"}};
  EXPECT_EQ(applied(live, {{"spec", {{"a", 1}}}}, "one").object,
            Json({{"spec", {{"probe", {{"path", "/"}}}, {"a", 1}}}}));
}

TEST(ServerSideApply, OrdersListsAsTheyAreSentAndLeavesOthersInTheirPlace) {
  const auto env = [](std::initializer_list<const char*> names) {
    Json list = Json::array();
    for (const char* name : names) list.push_back({{"name", name}});
    return Json{{"env", std::move(list)}};
  };
  Owned live = applied({Json::object(), {}}, env({"A", "B", "C"}), "one");
  live = applied(std::move(live), env({"C", "D", "A"}), "two");
  EXPECT_EQ(live.object, env({"B", "C", "D", "A"}));
}

TEST(ServerSideApply, TakesAnOwnerReferenceAsOneValue) {
  const auto owned_by = [](bool controller) {
    return Json{{"metadata",
                 {{"ownerReferences",
                   Json::array({{{"uid", "u"}, {"name", "o"}, {"controller", controller}}})}}}};
  };
  Owned live = applied({Json::object(), {}}, owned_by(false), "one");
  live = applied(std::move(live), owned_by(true), "two", true);
  live = applied(std::move(live), Json::object(), "two");
  EXPECT_EQ(live.object.value("metadata", Json::object()), Json::object());
}

TEST(ServerSideApply, KeepsFieldThatAnotherManagerOwnsToo) {
  Owned live = applied({Json::object(), {}}, {{"spec", {{"a", 1}, {"b", 2}}}}, "one");
  live = applied(std::move(live), {{"spec", {{"b", 2}}}}, "two");
  live = applied(std::move(live), {{"spec", {{"a", 1}}}}, "one");
  EXPECT_EQ(live.object, Json({{"spec", {{"a", 1}, {"b", 2}}}}));
  live = applied(std::move(live), Json::object(), "two");
  EXPECT_EQ(live.object, Json({{"spec", {{"a", 1}}}}));
}

TEST(ServerSideApply, NamesManagerAndPathOfConflict) {
  Owned live = applied({Json::object(), {}},
                       {{"containers", {{{"name", "engine"}, {"image", "a"}}}}}, "one");
  const Json wanted{{"containers", {{{"name", "engine"}, {"image", "b"}}}}};
  const Result<Owned> refused = merge_apply(live, wanted, "two", false);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().fault, Fault::Conflict);
  EXPECT_NE(refused.error().what.find("\"one\": .containers[name=\"engine\"].image"),
            std::string::npos)
      << refused.error().what;
}

TEST(ServerSideApply, ForceTakesTheFieldOver) {
  Owned live = applied({Json::object(), {}}, {{"replicas", 3}}, "one");
  live = applied(std::move(live), {{"replicas", 5}}, "two", true);
  EXPECT_EQ(live.object["replicas"], 5);
  // No longer owned by the first, so its silence removes nothing.
  live = applied(std::move(live), Json::object(), "one");
  EXPECT_EQ(live.object["replicas"], 5);
}

TEST(ServerSideApply, MergesKeyedListsElementByElement) {
  Owned live =
      applied({Json::object(), {}},
              {{"env", {{{"name", "A"}, {"value", "1"}}, {{"name", "B"}, {"value", "2"}}}}}, "one");
  live = applied(std::move(live), {{"env", {{{"name", "C"}, {"value", "3"}}}}}, "two");
  EXPECT_EQ(live.object["env"].size(), 3u);
  live = applied(std::move(live), {{"env", {{{"name", "B"}, {"value", "2"}}}}}, "one");
  EXPECT_EQ(live.object["env"].dump(), R"([{"name":"B","value":"2"},{"name":"C","value":"3"}])");
}

TEST(ServerSideApply, ReplacesAtomicListsAndSelectors) {
  Owned live = applied({Json::object(), {}},
                       {{"args", {"a", "b"}}, {"selector", {{"x", "1"}, {"y", "2"}}}}, "one");
  live = applied(std::move(live), {{"args", {"c"}}, {"selector", {{"x", "9"}}}}, "one");
  EXPECT_EQ(live.object["args"], Json({"c"}));
  EXPECT_EQ(live.object["selector"], Json({{"x", "9"}}));
}

TEST(ServerSideApply, PlainUpdateTakesWhatItChanges) {
  const Json before{{"spec", {{"a", 1}, {"b", 2}}}};
  Owned live = applied({Json::object(), {}}, before, "one");
  const Json after{{"spec", {{"a", 1}, {"b", 3}}}};
  note_update(live.owners, "user", before, after);
  EXPECT_TRUE(live.owners["user"].contains(Path{"spec", "b"}));
  EXPECT_FALSE(live.owners["one"].contains(Path{"spec", "b"}));
  EXPECT_TRUE(live.owners["one"].contains(Path{"spec", "a"}));
}

// As a real 1.34.4 answers a Deployment with two mounts at one path.
TEST(ServerSideApply, FailsForTwoElementsOfOneKey) {
  const Json mounts{{{"mountPath", "/a"}, {"name", "x"}}, {{"mountPath", "/a"}, {"name", "y"}}};
  const Json intent{{"containers", {{{"name", "c"}, {"volumeMounts", mounts}}}}};
  const Result<Owned> done = merge_apply({Json::object(), {}}, intent, "one", true);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().fault, Fault::Unavailable);
  EXPECT_EQ(done.error().what,
            "500 Internal Server Error: duplicate entries for key: "
            ".containers[name=\"c\"].volumeMounts[mountPath=\"/a\"]");
}

TEST(ServerSideApply, ApplyingTwiceChangesNothing) {
  const Json intent{{"spec", {{"ports", {{{"port", 80}, {"targetPort", "http"}}}}, {"x", {}}}}};
  const Owned once = applied({Json::object(), {}}, intent, "one");
  const Owned twice = applied(once, intent, "one");
  EXPECT_EQ(once.object, twice.object);
  EXPECT_EQ(once.owners, twice.owners);
}

}  // namespace
}  // namespace slipway::sim

#include "controller/sim/sim_api_server.hpp"

#include <gtest/gtest.h>

#include "crds/base/check.hpp"

namespace slipway::sim {
namespace {

const ObjectRef kDeployment{"apps/v1", "Deployment", "default", "chat"};
const ObjectRef kService{"serving.slipway.dev/v1alpha1", "InferenceService", "default", "chat"};

const kube::Resource& resource(const ObjectRef& ref) {
  const kube::Resource* found = kube::find_resource(ref.api_version, ref.kind);
  SLIPWAY_CHECK(found != nullptr, "the kinds of this test are known");
  return *found;
}

Json object(const ObjectRef& ref, Json spec) {
  return {
      {"apiVersion", ref.api_version},
      {"kind", ref.kind},
      {"metadata", {{"name", ref.name}, {"namespace", ref.namespace_}, {"labels", {{"app", "x"}}}}},
      {"spec", std::move(spec)}};
}

// The server refuses a Deployment without a template.
Json with_template(Json spec) {
  if (!spec.contains("template")) {
    spec["template"]["spec"]["containers"] =
        Json::array({{{"name", "engine"}, {"image", "llama:1"}}});
  }
  return spec;
}

kube::ApplyRequest request(const ObjectRef& ref, Json spec) {
  if (ref.kind == "Deployment") spec = with_template(std::move(spec));
  return {resource(ref), ref.namespace_, ref.name, object(ref, std::move(spec))};
}

class SimApiServerTest : public testing::Test {
 protected:
  Time now_{std::chrono::seconds(1'700'000'000)};
  SimApiServer server_{[this] { return now_; }};

  const Json& live(const ObjectRef& ref) {
    const Json* found = server_.find(ref);
    SLIPWAY_CHECK(found != nullptr, "the object of this test exists");
    return *found;
  }
  std::string version(const ObjectRef& ref) {
    return live(ref)["metadata"]["resourceVersion"].get<std::string>();
  }
  std::string uid(const ObjectRef& ref) { return live(ref)["metadata"]["uid"].get<std::string>(); }
  std::vector<Json> lines(WatchStream& stream) {
    std::vector<Json> out;
    while (stream.has_line()) out.push_back(Json::parse(stream.next_line()));
    return out;
  }
  WatchStream watch(const std::string& query) {
    auto stream =
        server_.open_watch("/apis/apps/v1/deployments?watch=1&allowWatchBookmarks=true&" + query);
    EXPECT_TRUE(stream.has_value()) << stream.error().what;
    return *stream;
  }
  static constexpr const char* kInitial =
      "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=";
};

TEST_F(SimApiServerTest, ApplyCreatesWithDefaultsAndIdentity) {
  ASSERT_TRUE(server_.apply(request(kDeployment, {{"paused", false}})));
  EXPECT_EQ(live(kDeployment)["spec"]["replicas"], 1);
  EXPECT_EQ(live(kDeployment)["metadata"]["generation"], 1);
  EXPECT_FALSE(uid(kDeployment).empty());
}

TEST_F(SimApiServerTest, ApplyOfTheSameWritesNothing) {
  ASSERT_TRUE(server_.apply(request(kDeployment, {{"replicas", 2}})));
  const std::string before = version(kDeployment);
  ASSERT_TRUE(server_.apply(request(kDeployment, {{"replicas", 2}})));
  EXPECT_EQ(version(kDeployment), before);
}

TEST_F(SimApiServerTest, ReplicasFallBackToOneWhenTheirLastOwnerIsSilent) {
  ASSERT_TRUE(server_.apply(request(kDeployment, {{"replicas", 3}, {"paused", false}})));
  ASSERT_TRUE(server_.apply(request(kDeployment, {{"paused", false}})));
  EXPECT_EQ(live(kDeployment)["spec"]["replicas"], 1);
  EXPECT_EQ(live(kDeployment)["metadata"]["generation"], 2);
}

TEST_F(SimApiServerTest, StatusLivesBehindItsSubresource) {
  ASSERT_TRUE(server_.create_as("user", object(kService, {{"a", 1}})));
  kube::ApplyRequest status = request(kService, {{"a", 2}});
  status.object["status"] = {{"summary", "fine"}};
  ASSERT_TRUE(server_.apply_status(status));
  EXPECT_EQ(live(kService)["spec"]["a"], 1);
  EXPECT_EQ(live(kService)["status"]["summary"], "fine");
  EXPECT_EQ(live(kService)["metadata"]["generation"], 1);
  // The user's owner entry is untouched, and a status of nothing that exists is not found.
  status.name = "other";
  EXPECT_EQ(server_.apply_status(status).error().fault, Fault::NotFound);
}

TEST_F(SimApiServerTest, StatusDependsOnTheVersionButOnNoUid) {
  ASSERT_TRUE(server_.create_as("user", object(kService, {{"a", 1}})));
  kube::ApplyRequest status = request(kService, Json::object());
  status.object["metadata"]["uid"] = "uid-of-another";
  EXPECT_TRUE(server_.apply_status(status));
  status.object["metadata"]["resourceVersion"] = "1";
  EXPECT_EQ(server_.apply_status(status).error().fault, Fault::Conflict);
}

TEST_F(SimApiServerTest, AVersionAloneMakesADeletedObjectAnewAndAUidDoesNot) {
  kube::ApplyRequest child = request(kDeployment, {{"replicas", 1}});
  child.object["metadata"]["resourceVersion"] = "7";
  child.object["metadata"]["uid"] = "uid-of-another";
  EXPECT_EQ(server_.apply(child).error().fault, Fault::Conflict);
  EXPECT_EQ(server_.find(kDeployment), nullptr);
  erase_member(child.object["metadata"], "uid");
  EXPECT_TRUE(server_.apply(child));
  child.object["metadata"]["uid"] = "uid-of-another";
  erase_member(child.object["metadata"], "resourceVersion");
  EXPECT_EQ(server_.apply(child).error().fault, Fault::Conflict);
}

TEST_F(SimApiServerTest, WriteOnAnOldVersionConflicts) {
  ASSERT_TRUE(server_.apply(request(kDeployment, {{"replicas", 2}})));
  kube::ApplyRequest stale = request(kDeployment, {{"replicas", 3}});
  stale.object["metadata"]["resourceVersion"] = version(kDeployment);
  ASSERT_TRUE(server_.edit_as("user", kDeployment, [](Json& o) { o["spec"]["paused"] = true; }));
  EXPECT_EQ(server_.apply(stale).error().fault, Fault::Conflict);
}

TEST_F(SimApiServerTest, DeleteSparesTheNamesake) {
  ASSERT_TRUE(server_.apply(request(kDeployment, {{"replicas", 2}})));
  const kube::RemoveRequest remove{resource(kDeployment), "default", "chat", uid(kDeployment)};
  ASSERT_TRUE(server_.remove(remove));
  EXPECT_EQ(server_.remove(remove).error().fault, Fault::NotFound);
  ASSERT_TRUE(server_.apply(request(kDeployment, {{"replicas", 2}})));
  EXPECT_EQ(server_.remove(remove).error().fault, Fault::Conflict);
  EXPECT_NE(server_.find(kDeployment), nullptr);
}

TEST_F(SimApiServerTest, FinalizersHoldADeletedObject) {
  Json held = object(kService, Json::object());
  held["metadata"]["finalizers"] = {"x/y"};
  ASSERT_TRUE(server_.create_as("user", held));
  ASSERT_TRUE(server_.remove_as("user", kService));
  EXPECT_TRUE(live(kService)["metadata"].contains("deletionTimestamp"));
  kube::FinalizersPatch patch{resource(kService), "default", "chat", "1", {}};
  EXPECT_EQ(server_.patch_finalizers(patch).error().fault, Fault::Conflict);
  patch.resource_version = version(kService);
  ASSERT_TRUE(server_.patch_finalizers(patch));
  EXPECT_EQ(server_.find(kService), nullptr);
}

TEST_F(SimApiServerTest, GarbageGoesWithItsOwnerAndNotWithTheNamesake) {
  ASSERT_TRUE(server_.create_as("user", object(kService, Json::object())));
  kube::ApplyRequest child = request(kDeployment, {{"replicas", 1}});
  child.object["metadata"]["ownerReferences"] = {{{"apiVersion", kService.api_version},
                                                  {"kind", kService.kind},
                                                  {"name", kService.name},
                                                  {"uid", uid(kService)}}};
  ASSERT_TRUE(server_.apply(child));
  EXPECT_TRUE(server_.garbage().empty());
  ASSERT_TRUE(server_.remove_as("user", kService));
  ASSERT_TRUE(server_.create_as("user", object(kService, Json::object())));
  ASSERT_EQ(server_.garbage(), std::vector<ObjectRef>{kDeployment});
  server_.collect(kDeployment);
  EXPECT_EQ(server_.find(kDeployment), nullptr);
}

TEST_F(SimApiServerTest, ForegroundDeletionWaitsForChildren) {
  ASSERT_TRUE(server_.create_as("user", object(kService, Json::object())));
  kube::ApplyRequest child = request(kDeployment, {{"replicas", 1}});
  child.object["metadata"]["ownerReferences"] = {{{"apiVersion", kService.api_version},
                                                  {"kind", kService.kind},
                                                  {"name", kService.name},
                                                  {"uid", uid(kService)}}};
  ASSERT_TRUE(server_.apply(child));
  ASSERT_TRUE(server_.remove_as("user", kService, kube::Propagation::Foreground));
  ASSERT_EQ(server_.garbage(), std::vector<ObjectRef>{kDeployment});
  server_.collect(kDeployment);
  ASSERT_EQ(server_.garbage(), std::vector<ObjectRef>{kService});
  server_.collect(kService);
  EXPECT_EQ(server_.find(kService), nullptr);
}

TEST_F(SimApiServerTest, RefusalIsWhatTheServerSays) {
  server_.refuse("Deployment", Error{Fault::Forbidden, "exceeded quota: compute", std::nullopt});
  const auto refused = server_.apply(request(kDeployment, {{"replicas", 1}}));
  EXPECT_EQ(refused.error().fault, Fault::Forbidden);
  EXPECT_EQ(refused.error().what, "exceeded quota: compute");
  server_.allow("Deployment");
  EXPECT_TRUE(server_.apply(request(kDeployment, {{"replicas", 1}})));
}

TEST_F(SimApiServerTest, StreamedListEndsWithABookmarkThenFollows) {
  ASSERT_TRUE(server_.apply(request(kDeployment, {{"replicas", 1}})));
  WatchStream stream = watch(kInitial);
  const std::vector<Json> initial = lines(stream);
  ASSERT_EQ(initial.size(), 2u);
  EXPECT_EQ(initial[0]["type"], "ADDED");
  EXPECT_EQ(initial[1]["type"], "BOOKMARK");
  EXPECT_EQ(initial[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");

  ASSERT_TRUE(server_.apply(request(kDeployment, {{"replicas", 2}})));
  ASSERT_TRUE(server_.remove_as("user", kDeployment));
  const std::vector<Json> changes = lines(stream);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0]["type"], "MODIFIED");
  EXPECT_EQ(changes[1]["type"], "DELETED");
  EXPECT_GT(changes[1]["object"]["metadata"]["resourceVersion"],
            changes[0]["object"]["metadata"]["resourceVersion"]);
}

TEST_F(SimApiServerTest, ResumesAfterAVersionUntilItIsCompacted) {
  ASSERT_TRUE(server_.apply(request(kDeployment, {{"replicas", 1}})));
  const std::string from = version(kDeployment);
  ASSERT_TRUE(server_.apply(request(kDeployment, {{"replicas", 2}})));
  WatchStream stream = watch("resourceVersion=" + from);
  WatchStream slow = watch("resourceVersion=" + from);
  EXPECT_EQ(lines(stream).size(), 1u);
  server_.compact();
  EXPECT_EQ(lines(slow).at(0)["object"]["code"], 410);
  EXPECT_EQ(
      server_.open_watch("/apis/apps/v1/deployments?watch=1&resourceVersion=" + from).error().fault,
      Fault::Expired);
}

TEST_F(SimApiServerTest, LosingTheLabelIsADeletionToItsWatchers) {
  ASSERT_TRUE(server_.apply(request(kDeployment, {{"replicas", 1}})));
  WatchStream stream = watch(std::string(kInitial) + "&labelSelector=app");
  EXPECT_EQ(lines(stream).size(), 2u);
  ASSERT_TRUE(
      server_.edit_as("user", kDeployment, [](Json& o) { erase_member(o["metadata"], "labels"); }));
  EXPECT_EQ(lines(stream).at(0)["type"], "DELETED");
  ASSERT_TRUE(server_.apply(request(kDeployment, {{"replicas", 1}})));
  EXPECT_EQ(lines(stream).at(0)["type"], "ADDED");
}

TEST_F(SimApiServerTest, PagesAList) {
  for (const char* name : {"a", "b", "c"}) {
    const ObjectRef ref{"apps/v1", "Deployment", "default", name};
    ASSERT_TRUE(server_.apply(request(ref, {{"replicas", 1}})));
  }
  const Json first = Json::parse(*server_.list_page("/apis/apps/v1/deployments?limit=2"));
  EXPECT_EQ(first["items"].size(), 2u);
  const std::string rest = "/apis/apps/v1/deployments?limit=2&continue=" +
                           first["metadata"]["continue"].get<std::string>();
  EXPECT_EQ(Json::parse(*server_.list_page(rest))["items"].size(), 1u);
  ASSERT_TRUE(server_.remove_as("user", {"apps/v1", "Deployment", "default", "a"}));
  EXPECT_EQ(server_.list_page(rest).error().fault, Fault::Expired);
}

TEST_F(SimApiServerTest, PartOfADeploymentMakesNone) {
  kube::ApplyRequest scale = request(kDeployment, Json::object());
  scale.object["spec"] = {{"replicas", 3}};
  EXPECT_EQ(server_.apply(scale).error().fault, Fault::Invalid);
}

TEST_F(SimApiServerTest, AnObjectHasOneController) {
  const auto owned_by = [](const std::string& owner) {
    kube::ApplyRequest it = request(kDeployment, Json::object());
    it.object["metadata"]["ownerReferences"] = {{{"apiVersion", "v1"},
                                                 {"kind", "Node"},
                                                 {"name", "n"},
                                                 {"uid", owner},
                                                 {"controller", true}}};
    return it;
  };
  ASSERT_TRUE(server_.apply(owned_by("uid-a")));
  kube::ApplyRequest second = owned_by("uid-b");
  second.manager = "another";
  EXPECT_EQ(server_.apply(second).error().fault, Fault::Invalid);
}

TEST_F(SimApiServerTest, SelectorOfADeploymentCannotChange) {
  const auto selecting = [](const char* value) {
    kube::ApplyRequest it = request(kDeployment, {{"selector", {{"matchLabels", {{"a", value}}}}}});
    it.object["spec"]["template"]["metadata"]["labels"] = {{"a", value}};
    return it;
  };
  ASSERT_TRUE(server_.apply(selecting("b")));
  EXPECT_EQ(server_.apply(selecting("c")).error().fault, Fault::Invalid);
}

TEST_F(SimApiServerTest, WhatLosesItsLastFinalizerIsNotStoredAgain) {
  Json held = object(kService, Json::object());
  held["metadata"]["finalizers"] = {"x/y"};
  ASSERT_TRUE(server_.create_as("user", held));
  ASSERT_TRUE(server_.remove_as("user", kService));
  kube::FinalizersPatch patch{resource(kService), "default", "chat", version(kService), {"a/b"}};
  EXPECT_EQ(server_.patch_finalizers(patch).error().fault, Fault::Invalid) << "too late for more";
  const std::string last = version(kService);
  patch.finalizers = {};
  const auto answer = server_.patch_finalizers(patch);
  ASSERT_TRUE(answer);
  EXPECT_EQ(Json::parse(answer->body)["metadata"]["resourceVersion"], last);
  EXPECT_EQ(server_.find(kService), nullptr);
}

}  // namespace
}  // namespace slipway::sim

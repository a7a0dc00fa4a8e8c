#include "controller/kube/resource.hpp"

#include <gtest/gtest.h>

namespace slipway::kube {
namespace {

TEST(Resource, NamesItsPaths) {
  const Resource& deployments = *find_resource("apps/v1", "Deployment");
  EXPECT_EQ(collection_path(deployments), "/apis/apps/v1/deployments");
  EXPECT_EQ(collection_path(deployments, "shop"), "/apis/apps/v1/namespaces/shop/deployments");
  EXPECT_EQ(object_path(deployments, "shop", "chat"),
            "/apis/apps/v1/namespaces/shop/deployments/chat");
  const Resource& nodes = *find_resource("v1", "Node");
  EXPECT_EQ(object_path(nodes, "", "n1"), "/api/v1/nodes/n1");
  EXPECT_EQ(collection_path(nodes, "ignored"), "/api/v1/nodes");
}

TEST(Resource, KeepsNamesInsideTheirSegment) {
  const Resource& pods = *find_resource("v1", "Pod");
  EXPECT_EQ(object_path(pods, "a/b", "../x?y#z %"),
            "/api/v1/namespaces/a%2Fb/pods/..%2Fx%3Fy%23z%20%25");
}

TEST(Resource, TellsGroupsApart) {
  EXPECT_EQ(find_resource("v1", "Event")->group, "");
  EXPECT_EQ(find_resource("events.k8s.io/v1", "Event")->group, "events.k8s.io");
  EXPECT_EQ(find_resource("serving.slipway.dev/v1alpha1", "InferenceService")->plural,
            "inferenceservices");
  EXPECT_EQ(find_resource("apps/v1", "Pod"), nullptr);
  EXPECT_EQ(find_resource("apps/v2", "Deployment"), nullptr);
}

}  // namespace
}  // namespace slipway::kube

#include "controller/kube/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::kube {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

// Answers everything with one response and keeps the requests.
class Recorder : public Transport {
 public:
  Result<HttpResponse> send(const HttpRequest& request, Duration timeout) override {
    requests.push_back(request);
    last_timeout = timeout;
    return response;
  }
  Result<> stream(const HttpRequest&, std::stop_token, Duration, const OnBytes&) override {
    return fail(Fault::Unavailable, "the client does not stream");
  }

  Result<HttpResponse> response = HttpResponse{200, "{}", std::nullopt};
  std::vector<HttpRequest> requests;
  Duration last_timeout{};
};

const Resource kDeployments = *find_resource("apps/v1", "Deployment");

class ClientTest : public testing::Test {
 protected:
  const HttpRequest& only() {
    EXPECT_EQ(transport.requests.size(), 1u);
    return transport.requests.back();
  }
  Recorder transport;
  Client client{transport};
};

TEST_F(ClientTest, AppliesWholeIntent) {
  transport.response = HttpResponse{201, "stored", std::nullopt};
  const Json object = {{"kind", "Deployment"}, {"metadata", {{"name", "chat"}}}};
  const auto answer = client.apply({kDeployments, "shop", "chat", object});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "stored");
  EXPECT_EQ(only().method, "PATCH");
  EXPECT_EQ(
      only().target,
      "/apis/apps/v1/namespaces/shop/deployments/chat?fieldManager=slipway&force=true&timeout=5s");
  EXPECT_EQ(only().content_type, "application/apply-patch+yaml");
  EXPECT_EQ(only().body, R"({"kind":"Deployment","metadata":{"name":"chat"}})");
  EXPECT_TRUE(only().repeatable);
  EXPECT_EQ(transport.last_timeout, kWriteTimeout) << "ours, and the server's";
}

TEST_F(ClientTest, AsksForThePermitOfWritesOnly) {
  bool permitted = false;
  Client fenced{transport, {.may_write = [&] { return permitted; }}};
  ASSERT_TRUE(fenced.apply({kDeployments, "shop", "chat", Json::object()}));
  ASSERT_TRUE(only().permit);
  EXPECT_FALSE(only().permit());
  permitted = true;
  EXPECT_TRUE(only().permit());
  ASSERT_TRUE(fenced.get({kDeployments, "shop", "chat"}));
  EXPECT_FALSE(transport.requests.back().permit);
  EXPECT_EQ(transport.last_timeout, Duration(seconds(15)));
}

TEST_F(ClientTest, AppliesStatusWithoutForceWhenAsked) {
  ApplyRequest request{kDeployments, "shop", "chat", Json::object(), "slipway-status"};
  request.force = false;
  ASSERT_TRUE(client.apply_status(request));
  EXPECT_EQ(only().target,
            "/apis/apps/v1/namespaces/shop/deployments/chat/"
            "status?fieldManager=slipway-status&timeout=5s");
}

TEST_F(ClientTest, SendsTextThatIsNotUtf8Repaired) {
  ASSERT_TRUE(client.apply({kDeployments, "shop", "chat", Json("\xFF")}));
  EXPECT_EQ(only().body, "\"\xEF\xBF\xBD\"");
}

TEST_F(ClientTest, CreatesOnce) {
  ASSERT_TRUE(
      client.create({*find_resource("v1", "Event"), "shop", {{"metadata", {{"name", "e"}}}}}));
  EXPECT_EQ(only().method, "POST");
  EXPECT_EQ(only().target, "/api/v1/namespaces/shop/events?fieldManager=slipway&timeout=5s");
  EXPECT_FALSE(only().repeatable);
}

TEST_F(ClientTest, RemovesOnlyTheObjectThatWasMeant) {
  ASSERT_TRUE(client.remove({kDeployments, "shop", "chat", "u-1", Propagation::Foreground}));
  EXPECT_EQ(only().method, "DELETE");
  EXPECT_EQ(only().target, "/apis/apps/v1/namespaces/shop/deployments/chat?timeout=5s");
  EXPECT_EQ(only().body,
            R"({"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Foreground",)"
            R"("preconditions":{"uid":"u-1"}})");
  EXPECT_TRUE(only().repeatable);
  ASSERT_TRUE(client.remove({kDeployments, "shop", "chat", "u-1", Propagation::Background, "7"}));
  EXPECT_EQ(transport.requests.back().body,
            R"({"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Background",)"
            R"("preconditions":{"uid":"u-1","resourceVersion":"7"}})");
}

TEST_F(ClientTest, ChangesFinalizersAtOneVersionOnly) {
  ASSERT_TRUE(client.patch_finalizers({kDeployments, "shop", "chat", "7", {"a/b"}}));
  EXPECT_EQ(only().method, "PATCH");
  EXPECT_EQ(only().content_type, "application/merge-patch+json");
  EXPECT_EQ(only().body, R"({"metadata":{"resourceVersion":"7","finalizers":["a/b"]}})");
  ASSERT_TRUE(client.patch_finalizers({kDeployments, "shop", "chat", "7", {}}));
  EXPECT_EQ(transport.requests.back().body,
            R"({"metadata":{"resourceVersion":"7","finalizers":[]}})");
}

TEST_F(ClientTest, ReadsOneAndMany) {
  ASSERT_TRUE(client.get({kDeployments, "shop", "chat"}));
  EXPECT_EQ(transport.requests.back().target, "/apis/apps/v1/namespaces/shop/deployments/chat");
  ASSERT_TRUE(client.list_page(kDeployments, "", 500));
  EXPECT_EQ(transport.requests.back().target, "/apis/apps/v1/deployments?limit=500");
  ASSERT_TRUE(client.list_page(kDeployments, "", 500, "a=b"));
  EXPECT_EQ(transport.requests.back().target, "/apis/apps/v1/deployments?limit=500&continue=a%3Db");
}

TEST_F(ClientTest, SaysWhatFailed) {
  transport.response = HttpResponse{
      403, R"({"reason":"Forbidden","message":"exceeded quota: small"})", std::nullopt};
  const auto answer = client.apply({kDeployments, "shop", "chat", Json::object()});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, Fault::Forbidden);
  EXPECT_EQ(answer.error().what,
            "apply Deployment shop/chat: 403 Forbidden: exceeded quota: small");

  transport.response = fail(Fault::Unavailable, "no answer: timed out");
  const auto removed = client.remove({kDeployments, "shop", "chat", "u-1"});
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().what, "delete Deployment shop/chat: no answer: timed out");
}

}  // namespace
}  // namespace slipway::kube

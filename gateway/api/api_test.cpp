#include <gtest/gtest.h>

#include "gateway/api/api_route.hpp"
#include "gateway/api/openai_error.hpp"

namespace slipway::gateway {
namespace {

using http::Method;

struct Case {
  Method method;
  const char* path;
  Api api;
  const char* model = "";
  const char* upstream = "";
};

TEST(ApiRoute, TellsPathsApart) {
  const Case cases[] = {
      {Method::Get, "/v1/models", Api::ListModels, "", "/v1/models"},
      {Method::Post, "/v1/models", Api::NoSuchMethod},
      {Method::Get, "/v1/models/prod/chat", Api::GetModel, "prod/chat", "/v1/models/prod/chat"},
      {Method::Get, "/v1/models/", Api::NoSuchPath},
      {Method::Post, "/v1/chat/completions", Api::Inference, "", "/v1/chat/completions"},
      {Method::Get, "/v1/chat/completions", Api::NoSuchMethod},
      {Method::Post, "/v1/chat/completions/", Api::NoSuchPath},
      {Method::Post, "/prod/chat/v1/chat/completions", Api::Inference, "prod/chat",
       "/v1/chat/completions"},
      {Method::Get, "/prod/chat/v1/embeddings", Api::NoSuchMethod, "prod/chat"},
      {Method::Get, "/prod/chat/v1/models", Api::NoSuchPath},
      {Method::Post, "/prod/chat", Api::NoSuchPath},
      {Method::Get, "/v2/health/live", Api::Live, "", "/v2/health/live"},
      {Method::Head, "/v2/health/ready", Api::Ready, "", "/v2/health/ready"},
      {Method::Post, "/v2/models/prod/iris/infer", Api::Passed, "prod/iris",
       "/v2/models/prod/iris/infer"},
      {Method::Post, "/v2/models/iris/infer", Api::Passed, "iris", "/v2/models/iris/infer"},
      {Method::Get, "/v2/models/iris/ready", Api::Passed, "iris", "/v2/models/iris/ready"},
      {Method::Get, "/v2/models/iris", Api::Passed, "iris", "/v2/models/iris"},
      {Method::Get, "/v2/models/prod/iris/versions/3/ready", Api::Passed, "prod/iris",
       "/v2/models/prod/iris/versions/3/ready"},
      {Method::Get, "/v2/models/iris/infer", Api::NoSuchMethod},
      {Method::Get, "/v2/models/", Api::NoSuchPath},
      {Method::Get, "/", Api::NoSuchPath},
      {Method::Get, "", Api::NoSuchPath},
      {Method::Options, "*", Api::NoSuchPath},
  };
  for (const Case& one : cases) {
    const ApiRoute route = api_route(one.method, one.path);
    EXPECT_EQ(route.api, one.api) << one.path;
    EXPECT_EQ(route.model, one.model) << one.path;
    EXPECT_EQ(route.path, one.upstream) << one.path;
  }
}

TEST(ApiRoute, TakesEscapedSlashesInNamesOfModelsOnly) {
  std::string plain;
  EXPECT_EQ(without_escaped_slashes("/v1/models/prod%2Fchat%2f..", plain),
            "/v1/models/prod/chat/..");
  EXPECT_EQ(without_escaped_slashes("/v1/models/a%2", plain), "/v1/models/a%2");
  EXPECT_EQ(without_escaped_slashes("/v2/models/prod%2Fchat", plain), "/v2/models/prod%2Fchat");
}

TEST(OpenAiError, HasAllFourMembers) {
  EXPECT_EQ(to_json({404, "no model \"a\"", "model_not_found", "model"}),
            R"({"error":{"message":"no model \"a\"","type":"invalid_request_error",)"
            R"("param":"model","code":"model_not_found"}})");
  EXPECT_EQ(to_event({502, "gone"}),
            "data: {\"error\":{\"message\":\"gone\",\"type\":\"server_error\","
            "\"param\":null,\"code\":null}}\n\n");
}

TEST(OpenAiError, QuotesWhatIsNotUtf8) {
  EXPECT_EQ(to_json({400, "\xff"}),
            "{\"error\":{\"message\":\"\xEF\xBF\xBD\",\"type\":\"invalid_request_error\","
            "\"param\":null,\"code\":null}}");
}

}  // namespace
}  // namespace slipway::gateway

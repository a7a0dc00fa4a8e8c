#include "controller/kube/status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::kube {
namespace {

using std::chrono::seconds;

struct StatusCase {
  const char* name;
  int code;
  const char* body;
  Fault fault;
  const char* what;
  std::optional<Duration> retry_after = std::nullopt;
};

void PrintTo(const StatusCase& one, std::ostream* out) {
  *out << one.name;
}

class StatusTest : public testing::TestWithParam<StatusCase> {};

TEST_P(StatusTest, BecomesError) {
  const Error error = status_error(HttpResponse{GetParam().code, GetParam().body, std::nullopt});
  EXPECT_EQ(to_string(error.fault), std::string(to_string(GetParam().fault)));
  EXPECT_EQ(error.what, GetParam().what);
  EXPECT_EQ(error.retry_after, GetParam().retry_after);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, StatusTest,
    testing::ValuesIn<StatusCase>({
        {"not_found", 404,
         R"({"kind":"Status","reason":"NotFound","message":"pods \"a\" not found","code":404})",
         Fault::NotFound, R"(404 NotFound: pods "a" not found)"},
        {"already_exists", 409,
         R"({"kind":"Status","reason":"AlreadyExists","message":"it exists","code":409})",
         Fault::AlreadyExists, "409 AlreadyExists: it exists"},
        {"conflict", 409,
         R"({"kind":"Status","reason":"Conflict","message":"the object has been modified"})",
         Fault::Conflict, "409 Conflict: the object has been modified"},
        {"apply_conflict_names_fields", 409,
         R"({"kind":"Status","reason":"Conflict","message":"Apply failed with 1 conflict",)"
         R"("details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"x\"",)"
         R"("field":".spec.replicas"}]}})",
         Fault::Conflict,
         R"(409 Conflict: Apply failed with 1 conflict; .spec.replicas: conflict with "x")"},
        {"expired", 410, R"({"reason":"Expired","message":"too old resource version"})",
         Fault::Expired, "410 Expired: too old resource version"},
        {"gone_without_body", 410, "", Fault::Expired, "410"},
        {"invalid_says_field_once", 422,
         R"({"reason":"Invalid","message":"Pod \"a\" is invalid: spec.x: Required value",)"
         R"("details":{"causes":[{"reason":"FieldValueRequired","message":"Required value",)"
         R"("field":"spec.x"}]}})",
         Fault::Invalid, R"(422 Invalid: Pod "a" is invalid: spec.x: Required value)"},
        {"invalid_adds_fields", 422,
         R"({"reason":"Invalid","message":"2 errors","details":{"causes":[)"
         R"({"message":"must be positive","field":"spec.a"},{"message":"too long","field":"b"}]}})",
         Fault::Invalid, "422 Invalid: 2 errors; spec.a: must be positive; b: too long"},
        {"object_of_another_uid", 422,
         R"({"reason":"Invalid","message":"metadata.uid: Invalid value: \"a\": field is immutable",)"
         R"("details":{"causes":[{"reason":"FieldValueInvalid","field":"metadata.uid"}]}})",
         Fault::Conflict, R"(422 Invalid: metadata.uid: Invalid value: "a": field is immutable)"},
        {"bad_request", 400, R"({"reason":"BadRequest","message":"no such type"})", Fault::Invalid,
         "400 BadRequest: no such type"},
        {"too_large", 413, "Request entity too large", Fault::Invalid,
         "413: Request entity too large"},
        {"quota", 403,
         R"({"reason":"Forbidden","message":"exceeded quota: small, requested: cpu=2, used: cpu=1, )"
         R"(limited: cpu=2"})",
         Fault::Forbidden,
         "403 Forbidden: exceeded quota: small, requested: cpu=2, used: cpu=1, limited: cpu=2"},
        {"unauthorized", 401, R"({"reason":"Unauthorized","message":"Unauthorized"})",
         Fault::Forbidden, "401 Unauthorized: Unauthorized"},
        {"throttled", 429,
         R"({"reason":"TooManyRequests","message":"later","details":{"retryAfterSeconds":3}})",
         Fault::Throttled, "429 TooManyRequests: later", Duration(seconds(3))},
        {"throttled_without_time", 429, "later", Fault::Throttled, "429: later"},
        {"internal", 500, R"({"reason":"InternalError","message":"webhook failed"})",
         Fault::Unavailable, "500 InternalError: webhook failed"},
        {"apply_that_does_not_fit_schema", 500,
         R"({"message":"failed to create typed patch object (/d): .spec.replicas: expected numeric"})",
         Fault::Invalid,
         "500: failed to create typed patch object (/d): .spec.replicas: expected numeric"},
        {"unknown_kind", 404, "404 page not found\n", Fault::NotFound, "404: 404 page not found"},
        {"unavailable", 503, "the server is starting", Fault::Unavailable,
         "503: the server is starting"},
        {"timeout", 504, R"({"reason":"Timeout","message":"request timed out"})",
         Fault::Unavailable, "504 Timeout: request timed out"},
        {"version_from_the_future", 504,
         R"({"reason":"Timeout","message":"Too large resource version: 9, current: 5",)"
         R"("details":{"causes":[{"reason":"ResourceVersionTooLarge"}],"retryAfterSeconds":1}})",
         Fault::Expired, "504 Timeout: Too large resource version: 9, current: 5",
         Duration(seconds(1))},
        {"teapot", 418, "short and stout", Fault::Invalid, "418: short and stout"},
        {"redirect", 302, "", Fault::Unavailable, "302"},
        {"status_of_wrong_types", 409,
         R"({"reason":7,"message":["a"],"details":{"causes":{"field":3},"retryAfterSeconds":"x"}})",
         Fault::Conflict, "409"},
        {"details_are_a_list", 404, R"({"reason":"NotFound","details":[1,2]})", Fault::NotFound,
         "404 NotFound"},
        {"retry_after_of_days", 429, R"({"details":{"retryAfterSeconds":999999999999}})",
         Fault::Throttled, "429", Duration(seconds(3600))},
    }),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(Status, PrefersHeaderForRetryAfter) {
  const Error error = status_error(
      HttpResponse{429, R"({"details":{"retryAfterSeconds":3}})", Duration(seconds(9))});
  EXPECT_EQ(error.retry_after, Duration(seconds(9)));
}

TEST(Status, KeepsHugeMessagesShort) {
  const Error error = status_error(HttpResponse{500, std::string(1u << 20, 'x'), std::nullopt});
  EXPECT_LT(error.what.size(), 2100u);
}

TEST(Status, ReadsStatusOutOfStream) {
  EXPECT_EQ(status_error(R"({"code":410,"reason":"Gone"})").fault, Fault::Expired);
  EXPECT_EQ(status_error(R"({"reason":"Expired"})").fault, Fault::Expired);
  EXPECT_EQ(status_error("{}").fault, Fault::Unavailable);
}

TEST(Status, ReadsRetryAfterHeader) {
  EXPECT_EQ(parse_retry_after("7"), Duration(seconds(7)));
  EXPECT_EQ(parse_retry_after("999999"), Duration(seconds(3600)));
  for (const char* text : {"", "-1", "7s", "Wed, 21 Oct 2026 07:28:00 GMT", "99999999999999"})
    EXPECT_EQ(parse_retry_after(text), std::nullopt) << text;
}

}  // namespace
}  // namespace slipway::kube

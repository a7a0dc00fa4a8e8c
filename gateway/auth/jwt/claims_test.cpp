// What a well-signed token must say.
#include "gateway/auth/jwt/claims.hpp"

#include <gtest/gtest.h>

#include <string>

#include "gateway/auth/jwt/strict_json.hpp"
#include "gateway/auth/jwt/testing/trust.hpp"

namespace slipway::jwt {
namespace {

using testing::kNow;

struct Case {
  const char* name;
  const char* times_and_audience;
  const char* tenant;   // the claim; empty: left out
  const char* refusal;  // a Why and a part of the message; empty: accepted
};

constexpr const char* kRest = R"("aud":"slipway","exp":1800000600)";
constexpr const char* kRed = R"("red")";

class CheckClaims : public ::testing::TestWithParam<Case> {};

TEST_P(CheckClaims, Judges) {
  const Case& one = GetParam();
  std::string text = R"({"iss":"https://issuer.example.test","sub":"ann",)";
  text += one.times_and_audience;
  if (*one.tenant != '\0') text += std::string(R"(,"tenant":)") + one.tenant;
  const auto json = StrictJson::parse(text + "}");
  ASSERT_TRUE(json.has_value());
  const auto identity = check_claims(json->object(), testing::rules(), kNow);
  const std::string got =
      identity ? ""
               : std::string(to_string(identity.error().why)) + ": " + identity.error().message;
  if (*one.refusal == '\0')
    EXPECT_EQ(got, "");
  else
    EXPECT_NE(got.find(one.refusal), std::string::npos) << got;
}

INSTANTIATE_TEST_SUITE_P(
    Claims, CheckClaims,
    ::testing::ValuesIn(std::vector<Case>{
        {"good", kRest, kRed, ""},
        {"audience_in_a_list", R"("aud":["x","models"],"exp":1800000600)", kRed, ""},
        {"another_audience", R"("aud":"x","exp":1800000600)", kRed,
         "WrongAudience: the token is meant for another audience"},
        {"other_audiences", R"("aud":["x","y"],"exp":1800000600)", kRed, "WrongAudience"},
        {"audience_in_part", R"("aud":"slipway2","exp":1800000600)", kRed, "WrongAudience"},
        {"audience_in_capitals", R"("aud":"Slipway","exp":1800000600)", kRed, "WrongAudience"},
        {"audience_with_zero_width_space", "\"aud\":\"slipway\xe2\x80\x8b\",\"exp\":1800000600",
         kRed, "WrongAudience"},
        {"audience_with_nul", R"("aud":"slipway\u0000","exp":1800000600)", kRed, "Malformed"},
        {"no_audience", R"("exp":1800000600)", kRed, "MissingClaim: the token has no claim `aud`"},
        {"empty_audience", R"("aud":[],"exp":1800000600)", kRed, "MissingClaim"},
        {"audience_with_a_number", R"("aud":["slipway",7],"exp":1800000600)", kRed, "Malformed"},
        {"audience_is_an_object", R"("aud":{"slipway":1},"exp":1800000600)", kRed, "Malformed"},
        {"audience_is_null", R"("aud":null,"exp":1800000600)", kRed, "Malformed"},
        {"no_end", R"("aud":"slipway")", kRed, "MissingClaim: the token has no claim `exp`"},
        {"end_of_another_spelling", R"("aud":"slipway","Exp":1800000600)", kRed, "MissingClaim"},
        {"end_with_an_escape", R"("aud":"slipway","\u0065xp":1800000600)", kRed, ""},
        {"expired", R"("aud":"slipway","exp":1799999970)", kRed,
         "Expired: the token expired on 2027-01-15T07:59:30Z"},
        {"expired_within_the_skew", R"("aud":"slipway","exp":1799999971)", kRed, ""},
        {"end_with_a_fraction", R"("aud":"slipway","exp":1799999970.5)", kRed, ""},
        {"end_with_an_exponent", R"("aud":"slipway","exp":18000006e2)", kRed, ""},
        {"end_is_a_text", R"("aud":"slipway","exp":"1800000600")", kRed, "Malformed"},
        {"end_is_true", R"("aud":"slipway","exp":true)", kRed, "Malformed"},
        {"end_is_null", R"("aud":"slipway","exp":null)", kRed, "Malformed"},
        {"end_is_a_list", R"("aud":"slipway","exp":[1800000600])", kRed, "Malformed"},
        {"end_is_zero", R"("aud":"slipway","exp":0)", kRed, "Expired"},
        {"end_is_negative", R"("aud":"slipway","exp":-1)", kRed, "Malformed"},
        {"end_in_milliseconds", R"("aud":"slipway","exp":1800000600000)", kRed, "Malformed"},
        {"end_is_the_largest_integer", R"("aud":"slipway","exp":18446744073709551615)", kRed,
         "Malformed"},
        {"end_is_huge", R"("aud":"slipway","exp":1e308)", kRed, "Malformed"},
        {"not_yet", R"("aud":"slipway","exp":1800000600,"nbf":1800000031)", kRed,
         "NotYetValid: the token is not valid before 2027-01-15T08:00:31Z"},
        {"begins_within_the_skew", R"("aud":"slipway","exp":1800000600,"nbf":1800000030)", kRed,
         ""},
        {"begin_is_a_text", R"("aud":"slipway","exp":1800000600,"nbf":"0")", kRed, "Malformed"},
        {"issued_later", R"("aud":"slipway","exp":1800000600,"iat":1800000031)", kRed,
         "NotYetValid"},
        {"issued_within_the_skew", R"("aud":"slipway","exp":1800000600,"iat":1800000030)", kRed,
         ""},
        {"issue_is_a_text", R"("aud":"slipway","exp":1800000600,"iat":"x")", kRed, "Malformed"},
        {"tenants_in_a_list", kRest, R"(["red","blue"])", ""},
        {"no_tenant", kRest, "", "MissingClaim: the token has no claim `tenant`"},
        {"empty_tenant", kRest, R"("")", "Malformed"},
        {"no_tenants", kRest, "[]", "MissingClaim"},
        {"tenant_is_a_number", kRest, "7", "Malformed"},
        {"tenant_with_a_line_end", kRest, R"("red\nblue")", "Malformed"},
    }),
    [](const auto& one) { return std::string(one.param.name); });

TEST(CheckClaims, SaysWhoIsCallingAndUntilWhen) {
  const auto json = StrictJson::parse(testing::claims(R"(,"groups":["a","b"])"));
  Issuer issuer = testing::rules();
  issuer.claim = "groups";
  const auto identity = check_claims(json->object(), issuer, kNow);
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->issuer, testing::kIssuer);
  EXPECT_EQ(identity->subject, "ann");
  EXPECT_EQ(identity->values, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(identity->valid_until, kNow + std::chrono::seconds(630));
}

TEST(CheckClaims, RefusesEveryAudience_WhenNoneIsConfigured) {
  const auto json = StrictJson::parse(testing::claims());
  Issuer issuer = testing::rules();
  issuer.audiences.clear();
  EXPECT_EQ(check_claims(json->object(), issuer, kNow).error().why, Why::WrongAudience);
}

TEST(CheckClaims, BoundsTheNumberOfValues) {
  const auto of_groups = [](int count) {
    std::string list = "\"0\"";
    for (int i = 1; i < count; ++i) list += ",\"x\"";
    Issuer issuer = testing::rules();
    issuer.claim = "groups";
    const auto json = StrictJson::parse(testing::claims(R"(,"groups":[)" + list + "]"));
    return check_claims(json->object(), issuer, kNow);
  };
  EXPECT_EQ(of_groups(256)->values.size(), 256U);
  EXPECT_EQ(of_groups(257).error().why, Why::Malformed);
}

TEST(CheckClaims, RefusesOddNames) {
  const auto of = [](const std::string& names) {
    const auto json =
        StrictJson::parse(R"({"aud":"slipway","exp":1800000600,"tenant":"red",)" + names + "}");
    const auto identity = check_claims(json->object(), testing::rules(), kNow);
    return identity ? "accepted" : to_string(identity.error().why);
  };
  const std::string issuer = R"("iss":"https://issuer.example.test")";
  EXPECT_STREQ(of(issuer), "accepted");
  EXPECT_STREQ(of(issuer + R"(,"sub":"")"), "accepted");
  EXPECT_STREQ(of(issuer + R"(,"sub":7)"), "Malformed");
  EXPECT_STREQ(of(issuer + R"(,"sub":"a\u0000")"), "Malformed");
  EXPECT_STREQ(of(R"("iss":"https://other.example.test")"), "UnknownIssuer");
  EXPECT_STREQ(of(R"("sub":"ann")"), "UnknownIssuer");
}

TEST(CheckClaims, TakesTheSkewAsGiven) {
  const auto json = StrictJson::parse(testing::claims());
  Issuer issuer = testing::rules();
  issuer.skew = Duration{};
  const Time end = kNow + std::chrono::seconds(600);
  EXPECT_TRUE(check_claims(json->object(), issuer, end - Duration(1)));
  EXPECT_EQ(check_claims(json->object(), issuer, end).error().why, Why::Expired);
}

}  // namespace
}  // namespace slipway::jwt

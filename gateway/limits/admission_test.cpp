#include "gateway/limits/admission.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "crds/base/json.hpp"

namespace slipway::gateway {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Time kWall = Time(hours(500'000));

struct LimitCase {
  const char* name;
  LimitSpec spec;
  int admitted;  // of requests for 100 + 100 tokens, all at once
  Limit refused_by;
  std::optional<Instant> retry_after;
};
class FirstViolatedWins : public testing::TestWithParam<LimitCase> {};

TEST_P(FirstViolatedWins, AndNothingIsTakenForWhatIsRefused) {
  TenantLimits limits(GetParam().spec);
  int admitted = 0;
  for (; admitted < 1000; ++admitted)
    if (!limits.admit({100, 100}, seconds(5), kWall)) break;
  EXPECT_EQ(admitted, GetParam().admitted);
  const auto headers = limits.headers(seconds(5));
  for (int again = 0; again < 3; ++again) {
    const auto refused = limits.admit({100, 100}, seconds(5), kWall);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().limit, GetParam().refused_by);
    EXPECT_EQ(refused.error().retry_after, GetParam().retry_after);
  }
  EXPECT_EQ(limits.headers(seconds(5)), headers);
}

INSTANTIATE_TEST_SUITE_P(
    Limits, FirstViolatedWins,
    testing::Values(
        LimitCase{"requests", {.requests_per_minute = 6}, 6, Limit::Requests, seconds(10)},
        LimitCase{"tokens", {.tokens_per_minute = 600}, 3, Limit::Tokens, seconds(20)},
        LimitCase{"requests_before_tokens",
                  {.requests_per_minute = 3, .tokens_per_minute = 600},
                  3,
                  Limit::Requests,
                  seconds(20)},
        LimitCase{"tokens_before_requests",
                  {.requests_per_minute = 60, .tokens_per_minute = 600},
                  3,
                  Limit::Tokens,
                  seconds(20)},
        LimitCase{"concurrency",
                  {.requests_per_minute = 60, .concurrent_requests = 4},
                  4,
                  Limit::Concurrency,
                  std::nullopt}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(TenantLimits, RefuseWhenTheQuotaIsUsedUp) {
  TenantLimits limits({.quota = QuotaSpec{250, Period::Day}});
  for (int i = 0; i < 2; ++i) {
    const auto admitted = limits.admit({100, 100}, seconds(1), kWall);
    ASSERT_TRUE(admitted);
    limits.settle(*admitted, Usage{100, 60}, seconds(2), kWall);
  }
  const auto refused = limits.admit({100, 100}, seconds(3), kWall);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().limit, Limit::Quota);
  EXPECT_EQ(kWall + std::chrono::duration_cast<Duration>(*refused.error().retry_after),
            period_end(Period::Day, kWall));
  EXPECT_TRUE(limits.admit({100, 100}, seconds(3), kWall + hours(24)));
}

double remaining_tokens(const TenantLimits& limits, Instant now) {
  for (const auto& [name, value] : limits.headers(now))
    if (name == "x-ratelimit-remaining-tokens") return std::stod(value);
  return -1;
}

struct SettleCase {
  const char* name;
  std::optional<Usage> used;
  double remaining;  // of 6000 tokens, after 1000 + 500 were reserved
};
class Settle : public testing::TestWithParam<SettleCase> {};

TEST_P(Settle, PaysForWhatWasUsed) {
  TenantLimits limits({.tokens_per_minute = 6000});
  const auto admitted = limits.admit({1000, 500}, seconds(1), kWall);
  ASSERT_TRUE(admitted);
  EXPECT_EQ(remaining_tokens(limits, seconds(1)), 4500);
  limits.settle(*admitted, GetParam().used, seconds(1), kWall);
  EXPECT_EQ(remaining_tokens(limits, seconds(1)), GetParam().remaining);
}

INSTANTIATE_TEST_SUITE_P(Ends, Settle,
                         testing::Values(SettleCase{"usage_below", Usage{900, 100}, 5000},
                                         SettleCase{"usage_above", Usage{1000, 3000}, 2000},
                                         SettleCase{"aborted", used_when_aborted({1000, 500}, 40),
                                                    4960},
                                         SettleCase{"engine_never_reached", std::nullopt, 6000}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(TenantLimits, AskForPatienceUntilADebtIsPaid) {
  TenantLimits limits({.tokens_per_minute = 6000});
  const auto admitted = limits.admit({1000, 500}, seconds(1), kWall);
  limits.settle(*admitted, Usage{1000, 8000}, seconds(1), kWall);
  const auto refused = limits.admit({0, 0}, seconds(1), kWall);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().retry_after, seconds(30)) << "3000 tokens at 100 a second";
  EXPECT_EQ(retry_after_seconds(*refused.error().retry_after), 30);
}

TEST(TenantLimits, NameTheirHeadersAsOpenAIDoes) {
  TenantLimits limits({.requests_per_minute = 60, .tokens_per_minute = 6000});
  (void)limits.admit({1000, 500}, seconds(1), kWall);
  const std::map<std::string, std::string> expected{
      {"x-ratelimit-limit-requests", "60"},     {"x-ratelimit-remaining-requests", "59"},
      {"x-ratelimit-reset-requests", "1s"},     {"x-ratelimit-limit-tokens", "6000"},
      {"x-ratelimit-remaining-tokens", "4500"}, {"x-ratelimit-reset-tokens", "15s"}};
  const auto headers = limits.headers(seconds(1));
  EXPECT_EQ((std::map<std::string, std::string>(headers.begin(), headers.end())), expected);
  EXPECT_TRUE(TenantLimits({}).headers(seconds(1)).empty());
}

TEST(Refusal, HasTheShapeOfOpenAIsErrors) {
  EXPECT_EQ(refusal_body({Limit::Tokens, seconds(1)}),
            R"({"error":{"message":"too many tokens a minute","type":"tokens","param":null,)"
            R"("code":"rate_limit_exceeded"}})");
  EXPECT_EQ(Json::parse(refusal_body({Limit::Quota, seconds(1)})).at("error").at("code"),
            "insufficient_quota");
  EXPECT_EQ(retry_after_seconds(milliseconds(1)), 1);
  EXPECT_EQ(retry_after_seconds(milliseconds(1001)), 2);
}

TEST(TenantLimits, DoNotHeedTheWallClockForRates) {
  TenantLimits limits({.tokens_per_minute = 6000});
  ASSERT_TRUE(limits.admit({6000, 0}, seconds(1), kWall));
  for (const auto jump : {hours(1), hours(-1)}) {
    EXPECT_FALSE(limits.admit({600, 0}, seconds(6), kWall + jump)) << "no free refill";
    EXPECT_TRUE(limits.admit({0, 0}, seconds(6), kWall + jump)) << "no lock-out";
  }
  EXPECT_TRUE(limits.admit({600, 0}, seconds(8), kWall - hours(1)));
}

TEST(TokenEstimate, LearnsTheModelsTokenizerAndAnswers) {
  TokenEstimate estimate;
  EXPECT_EQ(estimate.before(3600, std::nullopt).prompt, 1000U);
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> answers(5, 1);
  std::vector<double> drawn;
  for (int i = 0; i < 5000; ++i) {
    drawn.push_back(answers(random));
    estimate.learn(5000, {2000, static_cast<std::uint32_t>(drawn.back())});
  }
  EXPECT_NEAR(estimate.bytes_per_token(), 2.5, 0.01);
  std::ranges::nth_element(drawn, drawn.begin() + 3750);
  EXPECT_NEAR(estimate.answer_p75() / drawn[3750], 1, 0.35);
  EXPECT_EQ(estimate.before(2500, 10).answer, 10U) << "no more than the request allows";
}

TEST(TokenEstimate, IsNotThrownByNonsense) {
  TokenEstimate estimate;
  for (int i = 0; i < 1000; ++i) estimate.learn(1'000'000, {1, 0});
  EXPECT_LE(estimate.bytes_per_token(), 16);
  EXPECT_GE(estimate.answer_p75(), 1);
  estimate.learn(0, {0, 0});
  EXPECT_GE(estimate.before(100, std::nullopt).total(), 1U);
}

}  // namespace
}  // namespace slipway::gateway

#include "gateway/routing/decide.hpp"

#include <gtest/gtest.h>

namespace slipway::gateway {
namespace {

class Decide : public ::testing::Test {
 protected:
  Decide() {
    GatewayConfig config;
    config.listeners = {{"127.0.0.1:80", "", ""}};
    config.tenants = {{"team-a", {}, {"prod/chat", "prod/embed"}, std::nullopt},
                      {"empty", {}, {}, std::nullopt}};
    config.models = {{"prod/chat", "chat", "chat.example.com", {"legal"}, {}, false},
                     {"prod/embed", "", "", {}, {}, false},
                     {"secret/plan", "", "", {}, {}, false},
                     {"open/hello", "", "", {}, {}, true}};
    const auto done = compile(config);
    EXPECT_TRUE(done) << done.error().what;
    snapshot = done->snapshot;
  }

  std::string answer(const CompiledTenant* tenant, const ModelNames& names) const {
    const auto routed = decide(*snapshot, tenant, names);
    if (!routed) return fmt_error(routed.error());
    return snapshot->models[routed->model].name +
           (routed->adapter.empty() ? "" : ":" + std::string(routed->adapter));
  }
  static std::string fmt_error(const ApiError& error) {
    return std::to_string(error.status) + " " + (error.code == nullptr ? "" : error.code) + ": " +
           error.message;
  }
  const CompiledTenant* tenant(std::size_t index) const { return &snapshot->tenants[index]; }

  std::shared_ptr<const Snapshot> snapshot;
};

TEST_F(Decide, TakesTheFirstNameThatIsGiven) {
  EXPECT_EQ(answer(tenant(0), {.body = "prod/chat"}), "prod/chat");
  EXPECT_EQ(answer(tenant(0), {.body = "chat:legal"}), "prod/chat:legal");
  EXPECT_EQ(answer(tenant(0), {.header = "prod/embed", .body = "chat"}), "prod/embed");
  EXPECT_EQ(answer(tenant(0), {.path = "prod/chat", .header = "prod/embed"}), "prod/chat");
  EXPECT_EQ(answer(tenant(0), {.body = "prod/embed", .host = "chat.example.com"}), "prod/embed");
  EXPECT_EQ(answer(tenant(0), {.host = "chat.example.com:443"}), "prod/chat");
  EXPECT_EQ(answer(tenant(0), {.host = "example.com"}),
            "400 missing_model: the request names no model");
}

TEST_F(Decide, TellsNothingOfModelsThatMayNotBeCalled) {
  const std::string none = answer(tenant(0), {.body = "secret/none"});
  EXPECT_EQ(none,
            "404 model_not_found: no model \"secret/none\"; this key may use: open/hello, "
            "prod/chat, prod/embed");
  EXPECT_EQ(answer(tenant(0), {.body = "secret/plan"}),
            "404 model_not_found: no model \"secret/plan\"; this key may use: open/hello, "
            "prod/chat, prod/embed");
  EXPECT_EQ(answer(nullptr, {.body = "secret/plan"}), answer(nullptr, {.body = "secret/none"}));
}

TEST_F(Decide, LetsCallersWithoutAKeyUsePublicModelsOnly) {
  EXPECT_EQ(answer(nullptr, {.body = "open/hello"}), "open/hello");
  EXPECT_EQ(answer(nullptr, {.body = "prod/chat"}),
            "401 missing_api_key: this needs a key: send it as \"Authorization: Bearer ...\"");
}

TEST_F(Decide, CutsANameThatIsTooLongToShow) {
  const std::string long_name(5000, 'x');
  EXPECT_LT(answer(tenant(1), {.body = long_name}).size(), 300U);
}

TEST_F(Decide, NamesTheEndOfAKeyThatIsRefused) {
  CompiledKey key{0, {}, *parse_rfc3339("2026-11-20T10:00:00Z"), false};
  const auto refused = [&](KeyVerdict verdict, std::string_view text) {
    const auto done = authenticate(*snapshot, {{verdict, &key}, text});
    return done ? "" : fmt_error(done.error());
  };
  const std::string_view text = "sk-abcdefgh-0123456789abcdef9f3c";
  EXPECT_EQ(refused(KeyVerdict::Good, text), "");
  EXPECT_EQ(refused(KeyVerdict::Missing, ""), "");
  EXPECT_EQ(refused(KeyVerdict::Revoked, text),
            "401 invalid_api_key: the key that ends in ...9f3c was revoked");
  EXPECT_EQ(refused(KeyVerdict::Expired, text),
            "401 invalid_api_key: the key that ends in ...9f3c expired on 2026-11-20");
  EXPECT_EQ(refused(KeyVerdict::Wrong, text),
            "401 invalid_api_key: the key that ends in ...9f3c is not known");
}

TEST_F(Decide, TakesWhatIsNoKeyOfOursForNone) {
  const auto caller = authenticate(*snapshot, {{KeyVerdict::Malformed, nullptr}, "EMPTY"});
  ASSERT_TRUE(caller);
  EXPECT_EQ(*caller, nullptr);
  EXPECT_TRUE(decide(*snapshot, nullptr, {.body = "open/hello"}, "EMPTY"));
  const auto refused = decide(*snapshot, nullptr, {.body = "prod/chat"}, "EMPTY");
  ASSERT_FALSE(refused);
  EXPECT_EQ(fmt_error(refused.error()),
            "401 invalid_api_key: what ends in ... is no key of this gateway");
}

}  // namespace
}  // namespace slipway::gateway

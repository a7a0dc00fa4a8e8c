#include "gateway/config/snapshot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace slipway::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kConfig = R"(
listeners: [{address: "0.0.0.0:8080"}]
pepperFile: /etc/pepper
tenants:
- name: team-a
  keys:
  - {id: aaaaaaaa, mac: "0102030405060708091011121314151617181920212223242526272829303132"}
  - {id: bbbbbbbb, mac: "ff02030405060708091011121314151617181920212223242526272829303132", expires: "2026-01-01T00:00:00Z"}
  models: [prod/*, test/chat]
- name: team-b
  models: [prod/chat]
models:
- name: test/chat
  alias: chat
  revisions: [{name: r1, weight: 90, endpoints: ["10.0.0.2:80", "10.0.0.1:80", "10.0.0.2:80"]}, {name: r2, weight: 10}]
- {name: prod/chat, alias: chat, host: chat.example.com, adapters: [legal]}
- {name: prod/embed, public: true}
- {name: productive/other}
)";

Compiled compiled(const char* text) {
  const auto config = parse_config(text);
  EXPECT_TRUE(config) << config.error().what;
  auto done = compile(*config);
  EXPECT_TRUE(done) << done.error().what;
  return done ? std::move(*done) : Compiled{};
}

std::string refusal(const char* text) {
  const auto config = parse_config(text);
  if (!config) return config.error().what;
  const auto done = compile(*config);
  return done ? "" : done.error().what;
}

std::string found(const Snapshot& snapshot, std::string_view name) {
  const Named named = snapshot.find_model(name);
  if (named.model == Named::kNone) return "";
  return snapshot.models[named.model].name + (named.adapter.empty() ? "" : "+") +
         std::string(named.adapter);
}

TEST(Snapshot, FindsModelsByNameAliasAdapterAndHost) {
  const Compiled done = compiled(kConfig);
  EXPECT_EQ(found(*done.snapshot, "prod/chat"), "prod/chat");
  EXPECT_EQ(found(*done.snapshot, "prod/chat:legal"), "prod/chat+legal");
  EXPECT_EQ(found(*done.snapshot, "prod/chat:none"), "");
  EXPECT_EQ(found(*done.snapshot, "prod/chat:"), "");
  EXPECT_EQ(found(*done.snapshot, "prod/nothing"), "");
  EXPECT_EQ(found(*done.snapshot, ""), "");
  const Named host = done.snapshot->find_host("chat.example.com:8443");
  ASSERT_NE(host.model, Named::kNone);
  EXPECT_EQ(done.snapshot->models[host.model].name, "prod/chat");
  EXPECT_EQ(done.snapshot->find_host("example.com").model, Named::kNone);
}

TEST(Snapshot, GivesAnAliasToTheEarlierOfTwo) {
  const Compiled done = compiled(kConfig);
  EXPECT_EQ(found(*done.snapshot, "chat"), "test/chat");
  EXPECT_THAT(done.warnings,
              ElementsAre("models[prod/chat].alias: \"chat\" is already that of test/chat"));
}

TEST(Snapshot, AllowsWhatATenantNamesAndNothingElse) {
  const Compiled done = compiled(kConfig);
  const auto& tenants = done.snapshot->tenants;
  EXPECT_THAT(done.snapshot->callable(&tenants[0], 10),
              ElementsAre("prod/chat", "prod/embed", "test/chat"));
  EXPECT_THAT(done.snapshot->callable(&tenants[0], 2), ElementsAre("prod/chat", "prod/embed"));
  EXPECT_THAT(done.snapshot->callable(&tenants[1], 10), ElementsAre("prod/chat", "prod/embed"));
  EXPECT_THAT(done.snapshot->callable(nullptr, 10), ElementsAre("prod/embed"));
}

TEST(Snapshot, KeepsKeysWithTheirEnds) {
  const Compiled done = compiled(kConfig);
  const CompiledKey* first = done.snapshot->find_key("aaaaaaaa");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->mac[1], 2);
  EXPECT_EQ(first->expires, Time::max());
  EXPECT_EQ(done.snapshot->find_key("bbbbbbbb")->mac[0], 0xff);
  EXPECT_EQ(to_rfc3339(done.snapshot->find_key("bbbbbbbb")->expires), "2026-01-01T00:00:00Z");
  EXPECT_EQ(done.snapshot->find_key("cccccccc"), nullptr);
}

TEST(Snapshot, HasEachEndpointOnce) {
  const Compiled done = compiled(kConfig);
  const CompiledModel& model = done.snapshot->models[done.snapshot->find_model("chat").model];
  EXPECT_THAT(model.revisions[0].endpoints, ElementsAre("10.0.0.1:80", "10.0.0.2:80"));
  EXPECT_THAT(model.revisions[1].endpoints, IsEmpty());
}

TEST(Snapshot, TakesTheExample) {
  std::ifstream file("examples/gateway.yaml");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const Compiled done = compiled(text.c_str());
  EXPECT_THAT(done.warnings, IsEmpty());
  EXPECT_EQ(done.snapshot->models.size(), 1U);
}

TEST(Snapshot, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(refusal("listeners: []"), "listeners: required value");
  EXPECT_EQ(refusal("{listeners: [{address: 'here'}]}"),
            "listeners[0].address: \"here\" is no address with a port");
  EXPECT_EQ(refusal("{listeners: [{address: '[::]:80', keyFile: /k}]}"),
            "listeners[0]: certificateFile and keyFile go together");
  EXPECT_EQ(refusal("{listeners: [{address: ':8o'}], modls: []}"), "modls: unknown field");
  EXPECT_THAT(refusal("{listeners: [{address: 'a:80'}], models: [{name: chat}]}"),
              HasSubstr("models[0].name: \"chat\" must match"));
  EXPECT_EQ(refusal("{listeners: [{address: 'a:80'}], models: [{name: a/b, revisions: "
                    "[{name: r, endpoints: [host]}]}]}"),
            "models[a/b].revisions[r].endpoints: \"host\" is no address with a port");
  EXPECT_EQ(refusal("{listeners: [{address: 'a:80'}], tenants: [{name: t, keys: [{id: aaaaaaaa, "
                    "mac: "
                    "'0102030405060708091011121314151617181920212223242526272829303132'}]}]}"),
            "pepperFile: required where keys are");
  EXPECT_THAT(refusal("[1, 2]"), HasSubstr("object"));
  EXPECT_EQ(refusal(""), "0 documents where one is expected");
}

}  // namespace
}  // namespace slipway::gateway

#include "crds/base/json.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace slipway {
namespace {

static_assert(std::is_nothrow_move_constructible_v<Json> &&
                  std::is_nothrow_move_constructible_v<Json::object_t::value_type>,
              "a growing object moves its members");

TEST(Json, KeepsTheOrderOfItsMembers) {
  Json object{{"kind", "Pod"}, {"apiVersion", "v1"}};
  object["spec"]["b"] = 1;
  object["spec"]["a"] = 2;
  object["kind"] = "Service";
  EXPECT_EQ(object.dump(), R"({"kind":"Service","apiVersion":"v1","spec":{"b":1,"a":2}})");
  EXPECT_EQ(Json::parse(object.dump()), object);
}

TEST(Json, TheFirstOfEqualMembersStaysUnlessItIsReplaced) {
  Json object = Json::object();
  EXPECT_TRUE(object.emplace("a", 1).second);
  EXPECT_FALSE(object.emplace("a", 2).second);
  EXPECT_EQ(object.at("a"), 1);
  object.update({{"a", 3}, {"b", 4}});
  EXPECT_EQ(object.dump(), R"({"a":3,"b":4})");
  const Json others{{"b", 5}, {"c", 6}};
  object.insert(others.begin(), others.end());
  EXPECT_EQ(object.dump(), R"({"a":3,"b":4,"c":6})");
}

TEST(Json, ForgetsMembers) {
  Json object{{"a", 1}, {"b", 2}, {"c", 3}};
  EXPECT_EQ(object.erase("b"), 1u);
  EXPECT_EQ(object.erase("b"), 0u);
  object.erase(object.find("a"));
  EXPECT_EQ(object.dump(), R"({"c":3})");
  EXPECT_FALSE(object.contains("a"));
  EXPECT_EQ(object.count("c"), 1u);
  EXPECT_EQ(object.find("a"), object.end());
}

}  // namespace
}  // namespace slipway

#include "crds/base/yaml.hpp"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Yaml, ReadsScalarsByTheCoreSchema) {
  const auto documents = parse_yaml("a: 1\nb: \"1\"\nc: true\nd: ~\ne: 1.5\nf: 1Gi\ng: 10:30\n");
  ASSERT_TRUE(documents);
  EXPECT_EQ(documents->at(0),
            Json::parse(R"({"a":1,"b":"1","c":true,"d":null,"e":1.5,"f":"1Gi","g":"10:30"})"));
}

TEST(Yaml, ReadsSeveralDocumentsAndSkipsEmptyOnes) {
  const auto documents = parse_yaml("---\na: 1\n---\n---\nb: 2\n");
  ASSERT_TRUE(documents);
  EXPECT_EQ(documents->size(), 2U);
}

TEST(Yaml, SaysWhereItIsBroken) {
  const auto documents = parse_yaml("a: [1, 2\nb: }");
  ASSERT_FALSE(documents);
  EXPECT_EQ(documents.error().fault, Fault::Malformed);
  EXPECT_NE(documents.error().what.find("line"), std::string::npos);
}

TEST(Yaml, RoundTrips) {
  const Json value = Json::parse(
      R"({"text":"true","number":7,"empty":{},"list":[1,"2",{"a":[]}],"multi":"a\nb","none":null,
          "colon":"a: b","dash":"- a","hash":"#x","float":"1.5"})");
  EXPECT_EQ(parse_yaml(to_yaml(value))->at(0), value) << to_yaml(value);
}

}  // namespace
}  // namespace slipway

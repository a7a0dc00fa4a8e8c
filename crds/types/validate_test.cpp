#include "crds/types/validate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crds/base/yaml.hpp"

namespace slipway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Door {
  std::string name, colour;
  int width = 1;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &Door::name, "", attr::Required{}, attr::Pattern{"^[a-z]+$"}, attr::MaxLength{8});
    field("colour", &Door::colour, "", attr::Enum{"red|green"});
    field("width", &Door::width, "", attr::Minimum{1}, attr::Maximum{9});
  }
};

struct House {
  std::vector<Door> doors;
  std::optional<Door> gate;
  std::vector<std::string> streets;
  std::string garage;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("doors", &House::doors, "", attr::MinItems{1}, attr::MaxItems{2}, attr::MapKey{"name"});
    field("gate", &House::gate, "");
    field("streets", &House::streets, "", attr::ItemMaxLength{3});
    field("garage", &House::garage, "", attr::NotAvailable{});
  }
};

std::vector<std::string> complaints(const char* yaml) {
  const auto documents = parse_yaml(yaml);
  EXPECT_TRUE(documents) << yaml;
  const auto house = decode<House>(documents->front().dump());
  EXPECT_TRUE(house) << yaml;
  std::vector<std::string> out = unknown_fields<House>(documents->front());
  for (std::string& one : complaints_about(*house)) out.push_back(std::move(one));
  return out;
}

TEST(Validate, SaysNothingOfWhatIsRight) {
  EXPECT_THAT(complaints("{doors: [{name: a, colour: red}, {name: b}], gate: {name: g}}"),
              IsEmpty());
}

TEST(Validate, NamesThePlaceAndTheNumber) {
  EXPECT_THAT(
      complaints("doors: [{name: Aa}, {width: 12, name: waytoolong}]"),
      ElementsAre("doors[0].name: \"Aa\" must match ^[a-z]+$",
                  "doors[1].name: 10 bytes are more than 8", "doors[1].width: 12 is more than 9"));
  EXPECT_THAT(
      complaints("gate: {colour: blue}"),
      ElementsAre("gate.name: required value", "gate.colour: \"blue\" is none of red|green"));
  EXPECT_THAT(complaints("streets: [abcd]"), ElementsAre("streets[0]: 4 bytes are more than 3"));
}

TEST(Validate, CountsElementsAndFindsRepeatedKeys) {
  EXPECT_THAT(
      complaints("doors: [{name: a}, {name: a}, {name: b}]"),
      ElementsAre("doors: 3 elements are more than 2", "doors[1].name: \"a\" is there twice"));
}

TEST(Validate, RefusesWhatIsNotServed) {
  EXPECT_THAT(complaints("garage: big"), ElementsAre("garage: not available in this version"));
}

TEST(Validate, FindsMisspeltFieldsAtAnyDepth) {
  EXPECT_THAT(
      complaints("{dors: 1, doors: [{name: a, color: red}], gate: {name: g, x: 1}}"),
      ElementsAre("dors: unknown field", "doors[0].color: unknown field", "gate.x: unknown field"));
}

}  // namespace
}  // namespace slipway

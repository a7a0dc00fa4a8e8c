#include "crds/types/packed.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "crds/types/object_meta.hpp"

namespace slipway {
namespace {

template <class T>
T again(const T& value) {
  Packer packer;
  packer.put(value);
  const std::string bytes = std::move(packer).take();
  Unpacker unpacker(bytes);
  T out{};
  unpacker.get(out);
  return out;
}

TEST(Packed, NumbersComeBackWhateverTheirSignAndSize) {
  for (const std::int64_t number :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{127}, std::int64_t{128},
        std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()})
    EXPECT_EQ(again(number), number);
  for (const int number : {0, -7, std::numeric_limits<int>::min()})
    EXPECT_EQ(again(number), number);
  EXPECT_EQ(again(true), true);
  EXPECT_EQ(again(0.1), 0.1);
}

TEST(Packed, AbsentIsNotEmpty) {
  using Text = std::optional<std::string>;
  EXPECT_EQ(again(Text{}), std::nullopt);
  EXPECT_EQ(again(Text{""}), "");
  EXPECT_EQ(again(Text{{"a\0b", 3}}), std::string("a\0b", 3));
}

TEST(Packed, AnObjectComesBackWhole) {
  ObjectMeta meta;
  meta.name = "chat";
  meta.namespace_ = std::string(300, 'n');
  meta.labels = {{"a", ""}, {"b", "2"}};
  meta.finalizers = {"x", ""};
  meta.owner_references = {{"v1", "Pod", "p", "u", true}};
  EXPECT_EQ(again(meta), meta);
  EXPECT_EQ(again(ObjectMeta{}), ObjectMeta{});
}

TEST(PackedDeathTest, WhatIsCutShortEndsTheProcess) {
  Packer packer;
  packer.put(std::string_view("hello"));
  const std::string bytes = std::move(packer).take();
  std::string out;
  EXPECT_DEATH(Unpacker(std::string_view(bytes).substr(0, 3)).get(out), "broken invariant");
}

}  // namespace
}  // namespace slipway

#include "controller/kube/metadata_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::kube {
namespace {

TEST(MetadataList, IsReadOfMetadataAndOfWholeObjects) {
  const auto page = read_metadata_page(
      R"({"kind":"PartialObjectMetadataList","metadata":{"resourceVersion":"9","continue":"more"},)"
      R"("items":[{"metadata":{"name":"a","namespace":"ns","uid":"u-a","resourceVersion":"5",)"
      R"("labels":{"name":"b"}}},)"
      R"({"spec":{"metadata":1},"metadata":{"uid":"u-b","resourceVersion":"6","name":"b"}}]})");
  ASSERT_TRUE(page) << page.error().what;
  EXPECT_EQ(page->version, "9");
  EXPECT_EQ(page->continue_token, "more");
  ASSERT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->items[0].ns, "ns");
  EXPECT_EQ(page->items[0].name, "a");
  EXPECT_EQ(page->items[0].uid, "u-a");
  EXPECT_EQ(page->items[0].version, "5");
  EXPECT_EQ(page->items[1].ns, "");
  EXPECT_EQ(page->items[1].uid, "u-b");
}

TEST(MetadataList, MayBeEmpty) {
  for (const char* items : {"[]", "null"}) {
    const auto page = read_metadata_page(
        std::string(R"({"metadata":{"resourceVersion":"9"},"items":)") + items + "}");
    ASSERT_TRUE(page) << page.error().what;
    EXPECT_TRUE(page->items.empty());
  }
}

class NoMetadataList : public testing::TestWithParam<const char*> {};

TEST_P(NoMetadataList, IsMalformed) {
  const auto page = read_metadata_page(GetParam());
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().fault, Fault::Malformed);
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, NoMetadataList,
    testing::Values("", "nonsense", "[]", R"({"items":[]})", R"({"metadata":{},"items":[]})",
                    R"({"metadata":{"resourceVersion":"9"}})",
                    R"({"metadata":{"resourceVersion":"9"},"items":"none"})",
                    R"({"metadata":{"resourceVersion":"9"},"items":[{}]})",
                    R"({"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"a"}}]})",
                    R"({"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"a",)"));

}  // namespace
}  // namespace slipway::kube

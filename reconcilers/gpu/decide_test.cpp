#include "reconcilers/gpu/decide.hpp"

#include <gtest/gtest.h>

#include "reconcilers/gpu/mig_profiles.hpp"

namespace slipway::gpu {
namespace {

const Offer kA100{"nvidia.com/gpu", "", 81920, 8, "a", "NVIDIA-A100-SXM4-80GB"};
const Offer kL4{"nvidia.com/gpu", "", 23034, 1, "l", "NVIDIA-L4"};
const Offer kTwoL4{"nvidia.com/gpu", "", 23034, 2, "l2", "NVIDIA-L4"};
const Offer kOneG{"nvidia.com/mig-1g.10gb", "1g.10gb", 9856, 7, "m", ""};
const Offer kTwoG{"nvidia.com/mig-2g.20gb", "2g.20gb", 19968, 3, "m", ""};
const Offer kSilent{"nvidia.com/gpu", "", 0, 1, "s", ""};

GpuRequest memory(const char* quantity) {
  GpuRequest request;
  request.memory = quantity;
  return request;
}
GpuRequest count(int n) {
  GpuRequest request;
  request.count = n;
  return request;
}

GpuRequest both(int n, const char* quantity) {
  GpuRequest request = count(n);
  request.memory = quantity;
  return request;
}

struct DecideCase {
  const char* name;
  GpuRequest request;
  std::vector<Offer> offers;
  const char* resource;
  int devices;
  const char* shortfall;  // part of it; "" means none
};

class DecideTest : public testing::TestWithParam<DecideCase> {};

TEST_P(DecideTest, Picks) {
  const auto& expected = GetParam();
  const Grant grant = decide(expected.request, expected.offers);
  EXPECT_EQ(grant.resource, expected.resource);
  EXPECT_EQ(grant.count, expected.devices);
  if (std::string_view(expected.shortfall).empty())
    EXPECT_EQ(grant.shortfall, "");
  else
    EXPECT_NE(grant.shortfall.find(expected.shortfall), std::string::npos) << grant.shortfall;
}

INSTANTIATE_TEST_SUITE_P(
    Gpu, DecideTest,
    testing::ValuesIn<DecideCase>({
        {"smallest_slice_that_fits",
         memory("18Gi"),
         {kA100, kOneG, kTwoG},
         "nvidia.com/mig-2g.20gb",
         1,
         ""},
        {"whole_gpu_smaller_than_slice_waste",
         memory("21Gi"),
         {kA100, kL4, kTwoG},
         "nvidia.com/gpu",
         1,
         ""},
        {"nominal_ten_does_not_fit_1g_10gb",
         memory("10Gi"),
         {kOneG, kTwoG},
         "nvidia.com/mig-2g.20gb",
         1,
         ""},
        {"usable_memory_to_the_mebibyte",
         memory("9856Mi"),
         {kOneG, kTwoG},
         "nvidia.com/mig-1g.10gb",
         1,
         ""},
        {"one_mebibyte_more", memory("9857Mi"), {kOneG, kTwoG}, "nvidia.com/mig-2g.20gb", 1, ""},
        {"too_large_says_the_nearest",
         memory("18Gi"),
         {kOneG},
         "nvidia.com/gpu",
         1,
         "18432 MiB of GPU memory per replica (18Gi); the largest device is nvidia.com/mig-1g.10gb "
         "with 9856 MiB usable on node m (8576 MiB short)"},
        {"nothing_at_all", memory("1Gi"), {}, "nvidia.com/gpu", 1, "no node offers a GPU"},
        {"silent_node_is_the_last_resort",
         memory("18Gi"),
         {kSilent, kOneG},
         "nvidia.com/gpu",
         1,
         ""},
        {"known_beats_silent", memory("9Gi"), {kSilent, kOneG}, "nvidia.com/mig-1g.10gb", 1, ""},
        {"absent_memory_is_one_gpu", GpuRequest{}, {kA100}, "nvidia.com/gpu", 1, ""},
        {"count_on_one_node", count(8), {kA100}, "nvidia.com/gpu", 8, ""},
        {"count_too_many", count(9), {kA100}, "nvidia.com/gpu", 9, "the largest node, a, has 8"},
        {"several_of_enough_memory_each",
         both(2, "40Gi"),
         {kA100, kTwoL4},
         "nvidia.com/gpu",
         2,
         ""},
        {"several_that_are_each_too_small",
         both(2, "40Gi"),
         {kTwoL4},
         "nvidia.com/gpu",
         2,
         "needs 2 x nvidia.com/gpu of 40960 MiB each on one node; the largest device is "
         "nvidia.com/gpu with 23034 MiB usable on node l2"},
        {"several_in_one_node",
         both(9, "40Gi"),
         {kA100},
         "nvidia.com/gpu",
         9,
         "of 40960 MiB each on one node; the largest node, a, has 8"},
        {"unreadable_quantity", memory("18 gigs"), {kA100}, "nvidia.com/gpu", 1, "spec.gpu.memory"},
    }),
    [](const auto& row) { return std::string(row.param.name); });

// Nodes with smaller GPUs offer the same resource: the pod has to be kept off them.
TEST(Decide, WholeGpusOfANodeMustBeLargeEnough) {
  EXPECT_EQ(decide(memory("40Gi"), {kA100, kTwoL4}).least_mib, 40960);
  EXPECT_EQ(decide(both(2, "40Gi"), {kA100}).least_mib, 40960);
  EXPECT_EQ(decide(memory("400Gi"), {kA100}).least_mib, 409600) << "none is: it stays Pending";
  EXPECT_EQ(decide(memory("9Gi"), {kOneG}).least_mib, 0) << "a slice has its size in its name";
  EXPECT_EQ(decide(memory("9Gi"), {kSilent}).least_mib, 0) << "the node does not say";
  EXPECT_EQ(decide(count(2), {kA100}).least_mib, 0);
}

TEST(Decide, ProfileInsists) {
  GpuRequest request;
  request.profile = "2g.20gb";
  EXPECT_EQ(decide(request, {kA100, kTwoG}).shortfall, "");
  const Grant grant = decide(request, {kA100});
  EXPECT_EQ(grant.resource, "nvidia.com/mig-2g.20gb");
  EXPECT_NE(grant.shortfall.find("8 x nvidia.com/gpu on a"), std::string::npos) << grant.shortfall;
}

TEST(MigProfiles, UsableIsBelowNominal) {
  EXPECT_EQ(usable_mib("1g.10gb"), 9728);
  EXPECT_EQ(usable_mib("1g.10gb+me"), 9728);
  EXPECT_EQ(usable_mib("5g.100gb"), 100 * 1024 * 92 / 100);
  for (const char* text : {"", "gpu", "2g.20", "2g.gb", "2g.-1gb", "2g.99999999999999999999gb"})
    EXPECT_EQ(usable_mib(text), std::nullopt) << text;
}

TEST(Inventory, ReadsLabelsAndAllocatable) {
  auto node = std::make_shared<k8s::NodeView>();
  node->metadata.name = "m";
  node->metadata.labels = {{"nvidia.com/gpu.product", "NVIDIA-A100-SXM4-80GB"},
                           {"nvidia.com/mig-1g.10gb.memory", "9856"}};
  node->status.allocatable = {{"cpu", "64"},
                              {"nvidia.com/gpu", "0"},
                              {"nvidia.com/mig-1g.10gb", "7"},
                              {"nvidia.com/mig-2g.20gb", "1"},
                              {"nvidia.com/mig-1g.10gb.shared", "4"}};
  const auto offers = inventory({node});
  ASSERT_EQ(offers.size(), 2U);
  EXPECT_EQ(offers[0].resource, "nvidia.com/mig-1g.10gb");
  EXPECT_EQ(offers[0].usable_mib, 9856);
  EXPECT_EQ(offers[1].usable_mib, 19968);  // no label: the table

  auto cordoned = std::make_shared<k8s::NodeView>(*node);
  cordoned->spec.unschedulable = true;
  EXPECT_TRUE(inventory({cordoned}).empty());
}

}  // namespace
}  // namespace slipway::gpu

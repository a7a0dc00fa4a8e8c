#include "controller/runtime/ownership.hpp"

#include <gtest/gtest.h>

#include <string>

namespace slipway {
namespace {

const Json kDesired{{"kind", "Service"},
                    {"metadata",
                     {{"name", "chat"},
                      {"ownerReferences", Json::array({{{"kind", "InferenceService"},
                                                        {"name", "chat"},
                                                        {"uid", "u1"},
                                                        {"controller", true}}})}}}};

ObjectMeta with_owner(const char* kind, const char* name, const char* uid, bool controller = true) {
  ObjectMeta live;
  live.name = "chat";
  live.owner_references = {{"v1", kind, name, uid, controller}};
  return live;
}

struct OwnershipCase {
  const char* name;
  ObjectMeta live;
  Ownership expected;
};
class OwnershipTest : public testing::TestWithParam<OwnershipCase> {};

TEST_P(OwnershipTest, IsDecidedByTheControllerReference) {
  EXPECT_EQ(ownership(GetParam().live, kDesired), GetParam().expected);
}

ObjectMeta orphan(const char* managed_by) {
  ObjectMeta live;
  if (*managed_by) live.labels["app.kubernetes.io/managed-by"] = managed_by;
  return live;
}

INSTANTIATE_TEST_SUITE_P(
    Ownership, OwnershipTest,
    testing::ValuesIn<OwnershipCase>(
        {{"ours", with_owner("InferenceService", "chat", "u1"), Ownership::Ours},
         {"predecessor", with_owner("InferenceService", "chat", "u0"), Ownership::Predecessor},
         {"another_service", with_owner("InferenceService", "web", "u0"), Ownership::Foreign},
         {"another_kind", with_owner("Deployment", "chat", "u0"), Ownership::Foreign},
         {"owned_but_not_controlled", with_owner("Deployment", "x", "u0", false),
          Ownership::Foreign},
         {"orphan_of_ours", orphan("slipway"), Ownership::Ours},
         {"helm", orphan("Helm"), Ownership::Foreign},
         {"nobody", orphan(""), Ownership::Foreign}}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Complaint, NamesWhoHoldsTheName) {
  EXPECT_EQ(namesake_complaint(with_owner("Deployment", "web", "u"), kDesired),
            "Service \"chat\" exists and belongs to Deployment web; rename this service or delete "
            "that one");
  ObjectMeta live = orphan("Helm");
  live.name = "chat";
  EXPECT_EQ(namesake_complaint(live, kDesired),
            "Service \"chat\" exists and belongs to Helm; rename this service or delete that one");
  live.labels.clear();
  EXPECT_EQ(namesake_complaint(live, kDesired),
            "Service \"chat\" exists and was not made by Slipway; rename this service or delete "
            "that one");
}

}  // namespace
}  // namespace slipway

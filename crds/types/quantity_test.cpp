#include "crds/types/quantity.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace slipway {
namespace {

struct Case {
  const char* text;
  std::optional<std::int64_t> bytes, milli;
  const char* canonical;
};

class Quantities : public testing::TestWithParam<Case> {};

TEST_P(Quantities, AreReadAsKubernetesReadsThem) {
  const Case& c = GetParam();
  const auto bytes = parse_bytes(c.text);
  const auto milli = parse_milli(c.text);
  const auto canonical = canonical_quantity(c.text);
  EXPECT_EQ(bytes ? std::optional(*bytes) : std::nullopt, c.bytes) << c.text;
  EXPECT_EQ(milli ? std::optional(*milli) : std::nullopt, c.milli) << c.text;
  EXPECT_EQ(canonical.value_or("-"), c.canonical) << c.text;
}

constexpr std::int64_t kGi = 1073741824;

INSTANTIATE_TEST_SUITE_P(
    Table, Quantities,
    testing::Values(
        Case{"0", 0, 0, "0"}, Case{"0Gi", 0, 0, "0"}, Case{"1", 1, 1000, "1"},
        Case{"18Gi", 18 * kGi, 18000 * kGi, "18Gi"}, Case{"18432Mi", 18 * kGi, 18000 * kGi, "18Gi"},
        Case{"1.5Gi", kGi + kGi / 2, (kGi + kGi / 2) * 1000, "1536Mi"},
        Case{"0.5Ki", 512, 512000, "512"}, Case{"1023Ki", 1047552, 1047552000, "1023Ki"},
        Case{"1e3", 1000, 1000000, "1e3"}, Case{"1E3", 1000, 1000000, "1e3"},
        Case{"1.5e3", 1500, 1500000, "1500"}, Case{"12e-1", 2, 1200, "1200e-3"},
        Case{"1e-30", 1, 1, "1e-9"}, Case{"1000", 1000, 1000000, "1k"},
        Case{"500m", 1, 500, "500m"}, Case{"0.5", 1, 500, "500m"}, Case{".5", 1, 500, "500m"},
        Case{"2.", 2, 2000, "2"}, Case{"+2", 2, 2000, "2"}, Case{"1500m", 2, 1500, "1500m"},
        Case{"1000m", 1, 1000, "1"}, Case{"100u", 1, 1, "100u"}, Case{"1n", 1, 1, "1n"},
        Case{"0.1n", 1, 1, "1n"}, Case{"1G", 1000000000, 1000000000000, "1G"},
        Case{"0.0001Ti", 109951163, 109951162778, "109951163"},
        Case{"9007199254740993", 9007199254740993, 9007199254740993000, "9007199254740993"},
        Case{"9223372036854775807", 9223372036854775807, std::nullopt, "9223372036854775807"},
        Case{"9000000000000.000000001", 9000000000001, 9000000000000001, "9000000000000000000001n"},
        Case{"7Ei", 8070450532247928832, std::nullopt, "7Ei"},
        Case{"9E", 9000000000000000000, std::nullopt, "9E"},
        Case{"0000000000000000000000001Ki", 1024, 1024000, "1Ki"},
        Case{"1.0000000000000000000001Ki", 1025, 1024001, "1025"},
        Case{"903685477922330.0055527758502750Ki", 925373929392465926, std::nullopt,
             "925373929392465926"},
        Case{"1.953125Ki", 2000, 2000000, "2k"},
        Case{"0.0000000000000000009Ei", 2, 1038, "1037629355n"}));

class NoQuantity : public testing::TestWithParam<const char*> {};

TEST_P(NoQuantity, IsRefusedWithTheText) {
  const auto bytes = parse_bytes(GetParam());
  ASSERT_FALSE(bytes) << GetParam();
  EXPECT_NE(bytes.error().what.find(GetParam()), std::string::npos) << bytes.error().what;
  EXPECT_EQ(bytes.error().fault, Fault::Invalid);
  EXPECT_FALSE(canonical_quantity(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Table, NoQuantity,
                         testing::Values("", " ", "Gi", ".", "-", "1 Gi", " 1", "1gi", "1K", "1GB",
                                         "1Gi2", "0x10", "1e", "1e+", "1e1.5", "1..2", "-1", "-1Gi",
                                         "inf", "NaN", "1,5", "8Ei", "9223372036854775808", "10E",
                                         "1e19", "1e999999999999999999",
                                         "99999999999999999999999999999999999999999999"));

TEST(Bytes, AreDescribedForPeople) {
  EXPECT_EQ(describe_bytes(0), "0 B");
  EXPECT_EQ(describe_bytes(1023), "1023 B");
  EXPECT_EQ(describe_bytes(1459008), "1.4 MiB");
  EXPECT_EQ(describe_bytes(18 * kGi), "18 GiB");
  EXPECT_EQ(describe_bytes(1048575), "1.0 MiB");
  EXPECT_EQ(mib_needed(1048577), 2);
  EXPECT_EQ(mib_granted(2097151), 1);
}

}  // namespace
}  // namespace slipway

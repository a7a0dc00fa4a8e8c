// `spec.gpu`: what each replica needs of a GPU. The user states needs; Slipway picks the piece.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crds/types/fields.hpp"

namespace slipway {

struct GpuRequirements {
  std::string min_compute_capability;
  std::vector<std::string> products;
  bool nvlink = false;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using G = GpuRequirements;
    field("minComputeCapability", &G::min_compute_capability, "Oldest generation, as `8.0`.",
          attr::MaxLength{8}, attr::Pattern{"^[0-9]{1,2}\\.[0-9]$"});
    field("products", &G::products, "Product names as the device plugin labels them.",
          attr::MaxItems{16}, attr::ItemMaxLength{63});
    field("nvlink", &G::nvlink, "Whether the devices must be linked.");
  }
  bool operator==(const GpuRequirements&) const = default;
};

struct GpuSharing {
  std::optional<int> max_tenants;
  std::vector<std::string> with_tenants;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("maxTenants", &GpuSharing::max_tenants, "Most tenants on one device.", attr::Minimum{1},
          attr::Maximum{64});
    field("withTenants", &GpuSharing::with_tenants, "Tenants to share with.", attr::MaxItems{16},
          attr::ItemMaxLength{63});
  }
  bool operator==(const GpuSharing&) const = default;
};

struct GpuRequest {
  std::string memory;  // quantity, usable bytes on each device; empty: a whole device
  std::optional<int> count;
  std::string profile, compute, isolation;
  std::optional<GpuRequirements> require;
  std::optional<GpuSharing> sharing;
  std::vector<std::string> prefer, forbid;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using G = GpuRequest;
    field("memory", &G::memory,
          "Usable memory that one replica needs on each device, as `18Gi`. Slipway takes the "
          "smallest piece that some node offers. Absent: a whole device.",
          attr::IntOrString{},
          Rule{"type(self) == string ? self == '' || (isQuantity(self) && "
               "quantity(self).isGreaterThan(quantity('0')) && "
               "quantity(self).isLessThan(quantity('1Pi'))) : self > 0",
               "must be a quantity above zero and below 1Pi, as 18Gi"});
    field("count", &G::count, "Devices of one replica. Absent means 1.", attr::Minimum{1},
          attr::Maximum{16});
    field("profile", &G::profile, "Insists on one MIG profile, as `2g.20gb`.", attr::MaxLength{32},
          attr::Pattern{"^[1-7]g\\.[1-9][0-9]{0,2}gb([+-](me|gfx|me\\.all))?$"});
    field("compute", &G::compute, "Share of a device's processors, as `30%`.", attr::MaxLength{8},
          attr::Pattern{"^(100|[1-9][0-9]?)%$"}, attr::NotAvailable{});
    field("isolation", &G::isolation,
          "hard: own memory and faults (whole GPU, MIG). soft: enforced limits. none: trust. "
          "Absent means hard.",
          attr::Enum{"hard|soft|none"},
          Rule{.rule = "self == 'hard'",
               .message = "gpu.isolation other than hard is not available in this version",
               .forbidden = true});
    field("require", &G::require, "What the device must be.", attr::NotAvailable{});
    field("sharing", &G::sharing, "Who may be on the same device.", attr::NotAvailable{});
    field("prefer", &G::prefer, "Mechanisms to try first.", attr::MaxItems{8}, kMechanisms,
          attr::NotAvailable{});
    field("forbid", &G::forbid, "Mechanisms never to use.", attr::MaxItems{8}, kMechanisms,
          attr::NotAvailable{});
  }
  template <class Visitor>
  static void rules(Visitor&& rule) {
    rule(Rule{
        .rule = "!has(self.profile) || self.profile == '' || !has(self.count) || self.count == 1",
        .message = "count must be 1 with a profile: a container gets one MIG device",
        .field_path = ".count"});
    rule(Rule{.rule = "!has(self.profile) || self.profile == '' || !has(self.memory) || "
                      "!isQuantity(string(self.memory))"
                      " || quantity(string(self.memory)).compareTo(quantity("
                      "self.profile.split('.')[1].split('gb')[0] + 'Gi')) <= 0",
              .message = "memory is more than the profile has",
              .field_path = ".memory",
              .message_expression = "'memory ' + string(self.memory) + ' is more than profile ' + "
                                    "self.profile + ' has'"});
  }
  bool operator==(const GpuRequest&) const = default;

  static constexpr attr::ItemEnum kMechanisms{
      "full|mig|mps|time-slicing|hami|cgpu|gpushare|kai|dra"};
};

}  // namespace slipway

#include "reconcilers/gpu/inventory.hpp"

#include <algorithm>
#include <charconv>

#include "reconcilers/gpu/mig_profiles.hpp"

namespace slipway::gpu {
namespace {

constexpr std::string_view kWhole = "nvidia.com/gpu";
constexpr std::string_view kMig = "nvidia.com/mig-";

std::int64_t number(const std::map<std::string, std::string>& from, const std::string& key) {
  const auto at = from.find(key);
  if (at == from.end()) return 0;
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(at->second.data(), at->second.data() + at->second.size(), value);
  return error == std::errc{} && end == at->second.data() + at->second.size() ? value : 0;
}

std::string text(const std::map<std::string, std::string>& from, const std::string& key) {
  const auto at = from.find(key);
  return at == from.end() ? "" : at->second;
}

// The label is what NVML reports for the device of this very board; the table is the fall-back.
std::int64_t memory_of(const k8s::NodeView& node, const std::string& resource,
                       const std::string& profile) {
  if (profile.empty()) return number(node.metadata.labels, "nvidia.com/gpu.memory");
  const std::int64_t labelled = number(node.metadata.labels, resource + ".memory");
  return labelled > 0 ? labelled : usable_mib(profile).value_or(0);
}

}  // namespace

std::vector<Offer> inventory(const Ptrs<k8s::NodeView>& nodes) {
  std::vector<Offer> offers;
  for (const auto& node : nodes) {
    if (node->spec.unschedulable) continue;
    const std::string sharing = text(node->metadata.labels, "nvidia.com/gpu.sharing-strategy");
    const bool shared = !sharing.empty() && sharing != "none";
    for (const auto& [resource, amount] : node->status.allocatable) {
      const bool mig = resource.starts_with(kMig) && !resource.ends_with(".shared");
      if (!mig && (resource != kWhole || shared)) continue;
      const std::string profile = mig ? resource.substr(kMig.size()) : "";
      const auto devices = static_cast<int>(number(node->status.allocatable, resource));
      if (devices < 1) continue;
      offers.push_back({resource, profile, memory_of(*node, resource, profile), devices,
                        node->metadata.name,
                        text(node->metadata.labels, "nvidia.com/gpu.product")});
    }
  }
  std::ranges::sort(offers);
  return offers;
}

}  // namespace slipway::gpu

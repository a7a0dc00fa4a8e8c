#include "reconcilers/gpu/decide.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "crds/types/quantity.hpp"
#include "reconcilers/gpu/mig_profiles.hpp"

namespace slipway::gpu {
namespace {

constexpr const char* kWhole = "nvidia.com/gpu";

std::string column_of(const std::string& profile, int count) {
  const std::string device = profile.empty() ? "gpu" : "mig-" + profile;
  return count == 1 ? device : fmt::format("{} x {}", count, device);
}

// `least_mib` counts unless the device that fits is on a node that does not say what it has.
Grant whole_gpus(int count, std::int64_t mib, std::int64_t least_mib, std::string shortfall) {
  const bool known = mib > 0 || !shortfall.empty();
  return {kWhole, count, column_of("", count), mib, std::move(shortfall), known ? least_mib : 0};
}

// "1 x nvidia.com/gpu on node-a, 2 x nvidia.com/mig-1g.10gb on node-b (9728 MiB)": at most three.
std::string what_there_is(const std::vector<Offer>& offers) {
  if (offers.empty()) return "no node offers a GPU";
  std::string text = "the cluster offers ";
  for (std::size_t i = 0; i < std::min<std::size_t>(offers.size(), 3); ++i) {
    const Offer& offer = offers[i];
    text += fmt::format("{}{} x {} on {}", i == 0 ? "" : ", ", offer.devices, offer.resource,
                        offer.node);
  }
  if (offers.size() > 3) text += fmt::format(" and {} more", offers.size() - 3);
  return text;
}

Grant by_profile(const std::string& profile, const std::vector<Offer>& offers) {
  const auto fits = std::ranges::find(offers, profile, &Offer::profile);
  Grant grant{"nvidia.com/mig-" + profile,     1,  column_of(profile, 1),
              usable_mib(profile).value_or(0), "", 0};
  if (fits != offers.end())
    grant.granted_mib = fits->usable_mib;
  else
    grant.shortfall = fmt::format("needs nvidia.com/mig-{}; {}", profile, what_there_is(offers));
  return grant;
}

// `need_mib` is of each device; 0: any will do. A node that does not say counts as large enough.
Grant by_count(int count, std::int64_t need_mib, const std::vector<Offer>& offers) {
  int most = 0;
  const Offer* largest = nullptr;
  std::int64_t mib = 0;
  std::string where;
  for (const Offer& offer : offers) {
    if (!offer.profile.empty()) continue;
    if (!largest || offer.usable_mib > largest->usable_mib) largest = &offer;
    if (offer.usable_mib > 0 && offer.usable_mib < need_mib) continue;
    if (offer.devices > most) most = offer.devices, where = offer.node, mib = offer.usable_mib;
  }
  if (most >= count) return whole_gpus(count, mib, need_mib, "");
  std::string nearest = what_there_is(offers);
  if (most > 0)
    nearest = fmt::format("the largest node, {}, has {}", where, most);
  else if (largest)
    nearest = fmt::format("the largest device is {} with {} MiB usable on node {}",
                          largest->resource, largest->usable_mib, largest->node);
  const std::string each = need_mib > 0 ? fmt::format(" of {} MiB each", need_mib) : "";
  return whole_gpus(count, mib, need_mib,
                    fmt::format("needs {} x {}{} on one node; {}", count, kWhole, each, nearest));
}

// A node that has no label for the memory of its whole GPUs says nothing about them: they count as
// large enough only when nothing that is known fits.
Grant by_memory(std::int64_t need_mib, const std::string& asked, const std::vector<Offer>& offers) {
  const Offer* best = nullptr;
  const Offer* largest = nullptr;
  const Offer* unknown = nullptr;
  for (const Offer& offer : offers) {
    if (offer.usable_mib == 0) {
      if (!unknown) unknown = &offer;
      continue;
    }
    if (!largest || offer.usable_mib > largest->usable_mib) largest = &offer;
    if (offer.usable_mib < need_mib) continue;
    const auto rank = [](const Offer& o) {
      return std::tuple(o.usable_mib, o.profile.empty(), o.resource);
    };
    if (!best || rank(offer) < rank(*best)) best = &offer;
  }
  if (!best) best = unknown;
  if (best && best->profile.empty()) return whole_gpus(1, best->usable_mib, need_mib, "");
  if (best) return {best->resource, 1, column_of(best->profile, 1), best->usable_mib, "", 0};
  const std::string nearest =
      largest ? fmt::format("the largest device is {} with {} MiB usable on node {} ({} MiB short)",
                            largest->resource, largest->usable_mib, largest->node,
                            need_mib - largest->usable_mib)
              : what_there_is(offers);
  return whole_gpus(
      1, 0, need_mib,
      fmt::format("needs {} MiB of GPU memory per replica ({}); {}", need_mib, asked, nearest));
}

}  // namespace

Grant decide(const GpuRequest& request, const std::vector<Offer>& offers) {
  if (!request.profile.empty()) return by_profile(request.profile, offers);
  const int count = request.count.value_or(1);
  if (request.memory.empty()) return by_count(count, 0, offers);
  const auto bytes = parse_bytes(request.memory);
  if (!bytes)
    return whole_gpus(count, 0, 0, fmt::format("spec.gpu.memory: {}", bytes.error().what));
  const std::int64_t need_mib = mib_needed(*bytes);
  return count > 1 ? by_count(count, need_mib, offers)
                   : by_memory(need_mib, request.memory, offers);
}

}  // namespace slipway::gpu

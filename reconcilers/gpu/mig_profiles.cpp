#include "reconcilers/gpu/mig_profiles.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace slipway::gpu {
namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 36> kUsableMib{{
    {"1g.5gb", 4864},   {"1g.6gb", 5836},   {"1g.10gb", 9728},  {"1g.12gb", 11008},
    {"1g.18gb", 16384}, {"1g.20gb", 19968}, {"1g.23gb", 20992}, {"1g.24gb", 20480},
    {"1g.35gb", 33024}, {"1g.45gb", 45312}, {"1g.47gb", 46592}, {"2g.10gb", 9856},
    {"2g.12gb", 11672}, {"2g.20gb", 19968}, {"2g.24gb", 22138}, {"2g.35gb", 33024},
    {"2g.45gb", 45312}, {"2g.47gb", 46592}, {"2g.48gb", 47600}, {"3g.20gb", 19968},
    {"3g.40gb", 40192}, {"3g.47gb", 47493}, {"3g.71gb", 71168}, {"3g.90gb", 91000},
    {"3g.93gb", 94000}, {"4g.20gb", 19968}, {"4g.24gb", 23344}, {"4g.40gb", 40192},
    {"4g.47gb", 47493}, {"4g.71gb", 71168}, {"4g.90gb", 91000}, {"4g.96gb", 96000},
    {"7g.40gb", 40192}, {"7g.80gb", 80384}, {"7g.94gb", 95354}, {"7g.141gb", 143360},
}};

}  // namespace

std::optional<std::int64_t> usable_mib(std::string_view profile) {
  const std::string_view base = profile.substr(0, profile.find('+'));
  const auto* known =
      std::ranges::find(kUsableMib, base, [](const auto& row) { return row.first; });
  if (known != kUsableMib.end()) return known->second;

  const auto dot = base.find("g.");
  if (dot == std::string_view::npos || !base.ends_with("gb")) return std::nullopt;
  const std::string_view digits = base.substr(dot + 2, base.size() - dot - 4);
  std::int64_t nominal_gb = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), nominal_gb);
  if (error != std::errc{} || end != digits.data() + digits.size() || nominal_gb < 1 ||
      nominal_gb > 4096)
    return std::nullopt;
  return nominal_gb * 1024 * 92 / 100;
}

}  // namespace slipway::gpu

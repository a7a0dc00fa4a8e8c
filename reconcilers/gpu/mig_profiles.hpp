// What a MIG profile really holds. The name says the nominal size; the usable memory is smaller:
// 10Gi (10240 MiB) does not fit a 1g.10gb (9856 MiB at most).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace slipway::gpu {

// Usable MiB of `profile` ("2g.20gb") as the driver reports it; where boards differ, the smallest.
// For a profile that is not in the table: its nominal size less 8 %, the largest gap seen between
// name and content. nullopt if the text is not a profile at all.
//
// Source: `nvidia-smi mig -lgip` of A100-40/80, H100-80/94, H200, B200, GB200, A30 and RTX PRO
// 6000 as published with NVIDIA's mig-parted and gpu-operator issues.
std::optional<std::int64_t> usable_mib(std::string_view profile);

}  // namespace slipway::gpu

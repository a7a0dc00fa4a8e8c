// Picks the device for one replica: the user says the need, we say the resource.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "crds/types/inference_service.hpp"
#include "reconcilers/gpu/inventory.hpp"

namespace slipway::gpu {

struct Grant {
  std::string resource;  // what the pod asks for: "nvidia.com/mig-2g.20gb"
  int count = 1;
  std::string column;            // what `kubectl get` shows: "mig-2g.20gb", "2 x gpu"
  std::int64_t granted_mib = 0;  // usable memory of one device; 0: unknown
  // Empty when some node offers this. Otherwise why none does, with what is nearest; the pod is
  // made all the same and stays Pending, so that a node autoscaler sees the need.
  std::string shortfall;
  // Of a whole GPU that was chosen for its memory: what a node's devices must have at least,
  // because nodes with smaller ones offer the same resource. 0: any node will do.
  std::int64_t least_mib = 0;

  bool operator==(const Grant&) const = default;
};

// One MIG device per container: a CUDA process uses only one, so `count` > 1 means whole GPUs.
// By `memory`, the smallest device with enough usable memory wins; a slice before a whole GPU of
// the same size; then the name, so that the choice is stable.
Grant decide(const GpuRequest& request, const std::vector<Offer>& offers);

}  // namespace slipway::gpu

// What the nodes of the cluster offer, kind by kind: read from the labels of GPU feature discovery
// and from status.allocatable, never guessed.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "reconcilers/snapshots.hpp"

namespace slipway::gpu {

// One extended resource of one node.
struct Offer {
  std::string resource;         // "nvidia.com/gpu", "nvidia.com/mig-2g.20gb"
  std::string profile;          // "2g.20gb"; empty for a whole GPU
  std::int64_t usable_mib = 0;  // of one device; 0: the node does not say
  int devices = 0;              // allocatable on this node
  std::string node;
  std::string product;  // "NVIDIA-A100-SXM4-80GB"; may be empty

  auto operator<=>(const Offer&) const = default;
};

// Sorted; nodes that are unschedulable are left out. Shared devices (time-slicing, MPS) are left
// out too: they give no memory of one's own.
std::vector<Offer> inventory(const Ptrs<k8s::NodeView>& nodes);

}  // namespace slipway::gpu

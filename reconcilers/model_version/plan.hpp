// Says what is known about one ModelVersion: what the pods that fetched it verified, or why they
// could not, and who uses it. It makes no objects of its own.
#pragma once

#include <vector>

#include "crds/types/agent_report.hpp"
#include "reconcilers/plan.hpp"
#include "reconcilers/snapshots.hpp"

namespace slipway::model_version {

// One pod's fetch of this version.
struct Fetch {
  bool running = false;               // under way now
  std::optional<AgentReport> report;  // of its last end
};

struct Observed {
  Ptr<ModelVersion> owner;           // null: it is gone
  std::vector<std::string> used_by;  // names of services, sorted
  std::vector<Fetch> fetches;
};

Observed observe(std::string_view ns, std::string_view name, const Snapshots& snapshots);

Plan plan(const Observed& seen, Time now);

}  // namespace slipway::model_version

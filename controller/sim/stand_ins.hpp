// What the rest of a cluster does, one change at a time: the Deployment controller, scheduler and
// kubelet, the HPA, the garbage collector. Each call does at most one thing and says in a line
// what it was; empty when there is nothing to do. They act on the server only, never on the
// controller under test. Server and random source must outlive them. Used by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "controller/sim/random.hpp"
#include "controller/sim/sim_api_server.hpp"

namespace slipway::sim {

class StandIns {
 public:
  StandIns(SimApiServer& server, Random& random) : server_(server), random_(random) {}

  std::string deployment_step();
  std::string pod_step();
  std::string autoscaler_step();
  std::string garbage_step();
  std::string namespace_step();

  // While restless, engines crash now and then and autoscalers want something new all the time.
  // At rest every wish is a function of the spec alone.
  void set_restless(bool restless) { restless_ = restless; }
  // The namespace controller cannot delete this kind, as long as it is not empty.
  void set_spared(std::string kind) { spared_ = std::move(kind); }

 private:
  std::string sync_deployment(const Json& deployment);
  std::string sync_pods(const Json& deployment, const ObjectRef& ref);
  std::string sync_deployment_status(const Json& deployment, const ObjectRef& ref,
                                     const std::string& refused);
  const std::string& template_hash(const Json& deployment);
  std::vector<const Json*> pods_of(const Json& deployment) const;
  std::string sync_pod(const Json& pod);
  std::string schedule(const Json& pod, const ObjectRef& ref);
  std::string run_pod(const Json& pod, const ObjectRef& ref);
  int free_devices(const Json& node, const std::string& resource) const;

  SimApiServer& server_;
  Random& random_;
  bool restless_ = true;
  std::string spared_;
  std::uint64_t pods_made_ = 0;
  std::map<std::string, std::string> template_hashes_;  // by uid and generation
};

// How often an engine crashes or a fetch fails before the stand-in lets it be, so that a run ends.
inline constexpr int kMaxRestarts = 3;

// `--uri=...` with this in it fails with DigestMismatch.
inline constexpr const char* kBrokenModel = "broken";

}  // namespace slipway::sim

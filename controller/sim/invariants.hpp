// What must hold after every single change of the cluster, whatever went wrong before. Watches the
// server's changes, and holds each replica to what it had been told when it decided. Used by one
// thread; the server must outlive it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "controller/sim/fencing.hpp"
#include "controller/sim/knowledge.hpp"
#include "controller/sim/sim_api_server.hpp"

namespace slipway::sim {

class Invariants {
 public:
  Invariants(const SimApiServer& server, bool even_clocks)
      : server_(server), fencing_(even_clocks) {}

  // From the server, for every change. `lived`: see `Stage`.
  void on_effect(const Effect& effect, Duration lived);
  // A replica's write takes effect: what comes of it is judged by what its sender knew.
  void carry_out(Knowledge& known, const Sent& sent, const std::function<void()>& write);
  // From the clients, for every delete that a replica asks for.
  void on_remove(const kube::RemoveRequest& request);

  // Empty while everything holds.
  const std::vector<std::string>& broken() const { return broken_; }
  // How often `slipway` created and removed objects, by "Kind namespace/name".
  const std::map<std::string, int>& creations() const { return creations_; }
  const std::map<std::string, int>& removals() const { return removals_; }

 private:
  void require(bool holds, const std::string& what);
  void check_ownership(const Effect& effect);
  void check_removal(const Json& before);
  void check_single(const Json& after);
  void check_selector(const Effect& effect);
  void check_status(const Json& after);
  bool is_alive(const std::string& uid) const;  // of an InferenceService
  const Json* deployment_of(const Json& child, const std::string& revision) const;

  const SimApiServer& server_;
  Fencing fencing_;
  Knowledge* writer_ = nullptr;                  // of whom a write takes effect just now
  const Sent* sent_ = nullptr;                   // the same
  std::map<std::string, std::string> selected_;  // uid of an InferenceService -> revision, by us
  std::map<std::string, std::set<std::string>> served_;  // "namespace/label" -> revisions
  std::map<std::string, int> creations_, removals_;
  std::vector<std::string> broken_;
};

}  // namespace slipway::sim

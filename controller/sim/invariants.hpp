// What must hold after every single change of the cluster, whatever went wrong before. Watches the
// server's changes, and knows what the controller had been told when it decided. Used by one
// thread; the server must outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/cache/watched.hpp"
#include "controller/kube/watcher.hpp"
#include "controller/sim/sim_api_server.hpp"

namespace slipway::sim {

class Invariants {
 public:
  explicit Invariants(const SimApiServer& server) : server_(server) {}

  // From the server, for every change.
  void on_effect(const Effect& effect);
  // From the client, for every delete that the controller asks for.
  void on_remove(const kube::RemoveRequest& request);
  // The server's answer to it, as the controller got it: it was carried out.
  void on_removed(const kube::RemoveRequest& request);
  // From the watches, before the controller gets to see it.
  void on_watch_event(Watched kind, const kube::WatchEvent& event);
  // The controller lost its memory.
  void on_restart();
  // The controller is about to decide: what it knows now is what it is held to.
  void before_decision() {
    told_at_decision_ = told_;
    standing_at_decision_ = standing_;
  }

  // Empty while everything holds.
  const std::vector<std::string>& broken() const { return broken_; }
  // How often `slipway` created and removed objects, by "Kind namespace/name".
  const std::map<std::string, int>& creations() const { return creations_; }
  const std::map<std::string, int>& removals() const { return removals_; }

 private:
  // What the watches said last about a pod or Deployment.
  struct News {
    std::string service;  // "namespace/label"
    std::string revision;
    std::uint64_t version = 0;
    bool ready = false;           // of a pod
    std::optional<int> replicas;  // of a Deployment
  };
  using Told = std::map<std::string, News>;  // by "Kind namespace/name"
  // "namespace/label" and revision of the Deployments that the controller made or was told of, and
  // did not delete or was told to be gone. People delete them without its knowing.
  using Standing = std::set<std::pair<std::string, std::string>>;

  void require(bool holds, const std::string& what);
  void check_ownership(const Effect& effect);
  void check_removal(const Json& before);
  void check_single(const Json& after);
  void check_selector(const Effect& effect);
  void check_status(const Json& after);
  static int ready_pods(const Told& told, const std::string& service, const std::string& revision);
  bool is_alive(const std::string& uid) const;  // of an InferenceService
  const Json* deployment_of(const Json& child, const std::string& revision) const;

  const SimApiServer& server_;
  Told told_;
  Told told_at_decision_;
  Standing standing_, standing_at_decision_;
  std::set<std::string> removed_uids_;  // Deployments of which the controller knows that they go
  std::set<std::string> seen_in_set_;
  std::map<std::string, std::string> selected_;  // uid of an InferenceService -> revision, by us
  std::map<std::string, std::set<std::string>> served_;  // "namespace/label" -> revisions
  std::map<std::string, int> creations_, removals_;
  std::vector<std::string> broken_;
};

}  // namespace slipway::sim

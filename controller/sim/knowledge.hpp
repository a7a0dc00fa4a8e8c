// What one replica has been told by its watches and by the answers to its own writes: what the
// invariants may hold it to. A value. Used by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "controller/cache/watched.hpp"
#include "controller/kube/api_client.hpp"
#include "controller/kube/watcher.hpp"

namespace slipway::sim {

class Knowledge {
 public:
  // From the watches, before the replica gets to see it.
  void on_watch_event(Watched kind, const kube::WatchEvent& event);
  // The server's answer to a delete, as the replica got it: it was carried out.
  void on_removed(const kube::RemoveRequest& request);
  // It made a Deployment: "namespace/label" and revision.
  void on_made(const std::string& service, const std::string& revision);
  // It is about to decide: what it knows now is what it is held to.
  void before_decision();
  // The replica lost its memory.
  void forget() { *this = {}; }

  // Whether a Deployment of that revision stands, as far as it could know when it decided.
  bool stood(const std::string& service, const std::string& revision) const;
  int ready_at_decision(const std::string& service, const std::string& revision) const;
  int ready_now(const std::string& service, const std::string& revision) const;
  // How many replicas it was told that the Deployments of that revision want, if any.
  std::optional<int> wanted_at_decision(const std::string& service,
                                        const std::string& revision) const;

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
  // "namespace/label" and revision of the Deployments that the replica made or was told of, and
  // did not delete or was told to be gone. People delete them without its knowing.
  using Standing = std::set<std::pair<std::string, std::string>>;

  void end_set(const std::string& prefix);
  void learn(Watched kind, const Json& object);

  Told told_, told_at_decision_;
  Standing standing_, standing_at_decision_;
  bool changed_ = true;                 // since the last decision
  std::set<std::string> removed_uids_;  // Deployments of which the replica knows that they go
  std::set<std::string> seen_in_set_;
};

}  // namespace slipway::sim

// Test only: one InferenceService, by default prod/chat, in a cluster that does at once what plans
// say. The test plays the user and the kubelet: it changes the spec, adds pods, removes objects.
// Each plan is made a second after the one before, so a status that never comes to rest is found.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reconcilers/reconcile.hpp"
#include "reconcilers/testing/world.hpp"

namespace slipway::testing {

inline constexpr const char* kReadyPod =
    R"({"phase":"Running","conditions":[{"type":"Ready","status":"True"}]})";

class Cluster {
 public:
  // With a runtime "llama-cpp", and the spec of a model in a claim.
  explicit Cluster(std::string name = "chat", std::string ns = "prod");

  void set_spec(const char* spec) { set_spec(Json::parse(spec)); }
  void set_spec(Json spec);
  // Any further object, as a user or the system would make it.
  void add(Json object) { objects_.push_back(std::move(object)); }
  void refuse(std::optional<Refusal> refusal) { refusal_ = std::move(refusal); }
  void pass(Duration time) { now_ += time; }

  // The service, and the ModelVersions that there are.
  std::vector<Key> keys() const;
  World world() const;
  // What would be done now.
  Plan plan() const { return plan(keys().front(), world()); }
  Plan plan(const Key& key, const World& world) const;
  // Does what a plan says; true if anything changed.
  bool execute(const Plan& plan);
  // Makes a plan and executes it; true if anything changed.
  bool step();
  // Steps until nothing changes; returns the names of the Deployments that exist then. Ends the
  // test process when plans never settle.
  std::vector<std::string> settle();

  std::vector<std::string> deployments() const { return names("Deployment"); }
  std::vector<std::string> names(const char* kind) const;
  void remove(const char* kind);
  Json* find(const char* kind);

  Json& service() { return service_; }
  std::vector<Json>& objects() { return objects_; }
  void add_pod(const std::string& deployment, const char* status);
  void add_pod(Json pod) { pods_.push_back(std::move(pod)); }
  void remove_pods() { pods_.clear(); }
  const std::vector<Json>& pods() const { return pods_; }

  // The revision that the Service selects; empty without a Service.
  std::string selected() const;
  const Json& status() const { return service_.at("status"); }
  std::string condition(const char* type, const char* member) const;
  // Reasons of the Events so far.
  const std::vector<std::string>& events() const { return events_; }

 private:
  bool put(const Apply& apply);
  bool erase(const ObjectRef& ref);
  void set_status(const SetStatus& set);

  int generation_ = 0;
  int made_ = 0;
  Time now_;
  std::optional<Refusal> refusal_;
  Json service_;
  std::vector<Json> objects_, pods_;
  std::vector<std::string> events_;
};

}  // namespace slipway::testing

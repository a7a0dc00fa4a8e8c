// People and their tools: they create, change, delete and meddle, and in the end they want
// something that can be served. Everything they do goes to the server; each call does one thing
// and says in a line what it was. Server and random source must outlive them. Used by one thread.
#pragma once

#include <string>
#include <vector>

#include "controller/sim/random.hpp"
#include "controller/sim/sim_api_server.hpp"

namespace slipway::sim {

class Users {
 public:
  Users(SimApiServer& server, Random& random) : server_(server), random_(random) {}

  // Nodes, runtimes and a ModelVersion: what is there before the first service.
  void prepare();
  // Something at random.
  std::string act();
  // Deletes a whole namespace, or makes it anew with the services that were in it.
  std::string touch_namespace();
  // Ends all meddling: refusals are lifted, strangers' objects leave, every service asks for
  // something that exists. What is left is what a fresh cluster would be given.
  void settle();

  // Removes children whose label was taken away and not given back.
  void remove_unlabelled();

  void create(const ObjectRef& service, const Json& spec);
  void change(const ObjectRef& service, const Json& spec);
  void remove(const ObjectRef& service,
              kube::Propagation propagation = kube::Propagation::Background);
  // Changes what our Service selects.
  void bend(const ObjectRef& service);
  // Puts an object of one's own in the place of ours.
  void replace(const ObjectRef& child);
  // The specs of all services, to deploy them somewhere else.
  std::vector<Json> services() const;

  static ObjectRef service(const std::string& ns, const std::string& name);
  // A spec that can be served, with the model at `https://models.example/<model>.gguf`.
  static Json good_spec(const std::string& model);

 private:
  Json random_spec();
  Json wild_spec(const Json& base);
  std::string change_something(const ObjectRef& ref);
  std::string remove_somehow(const ObjectRef& ref);
  std::string touch_child(const ObjectRef& ref);
  std::string refuse_something();
  std::string stranger(const ObjectRef& ref);
  std::string touch_model_version();
  std::vector<ObjectRef> children_of(const ObjectRef& service) const;

  void make_namespace();

  SimApiServer& server_;
  Random& random_;
  std::vector<Json> lost_;  // the services of a namespace that was deleted
};

}  // namespace slipway::sim

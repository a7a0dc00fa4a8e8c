// The calls that the executor needs, and nothing else: implemented by `Client` (real cluster) and
// by the simulated API server. Every call blocks until the server has answered or the call timed
// out; implementations for real clusters are thread-safe.
#pragma once

#include <string>
#include <vector>

#include "controller/kube/resource.hpp"
#include "crds/base/json.hpp"
#include "crds/base/result.hpp"
#include "reconcilers/plan.hpp"

namespace slipway::kube {

using slipway::kFieldManager;

struct ApplyRequest {
  Resource resource;
  std::string ns;  // empty for cluster-scoped resources
  std::string name;
  // The complete intent, with apiVersion, kind and metadata.name. A `metadata.resourceVersion` in
  // it makes the write conditional on that version.
  Json object;
  std::string manager = kFieldManager;
  bool force = true;  // only on objects that we own, and on our part of a status
};

// The object as the server stored it.
struct ApplyAnswer {
  std::string body;
};

enum class Propagation { Background, Foreground, Orphan };

struct RemoveRequest {
  Resource resource;
  std::string ns;
  std::string name;
  std::string uid;  // a precondition: the namesake made a moment later survives
  Propagation propagation = Propagation::Background;
  // A further precondition: the object is still what the decision was made on. Empty: any version.
  std::string resource_version{};
};

struct CreateRequest {
  Resource resource;
  std::string ns;
  Json object;  // with a deterministic metadata.name, so that a lost answer cannot duplicate it
};

struct FinalizersPatch {
  Resource resource;
  std::string ns;
  std::string name;
  std::string resource_version;         // of the read that this decision was made on
  std::vector<std::string> finalizers;  // the whole list
};

struct GetRequest {
  Resource resource;
  std::string ns;
  std::string name;
};

class ApiClient {
 public:
  virtual ~ApiClient() = default;

  // What the server holds now. Only for what no watch shows: an object that is in our way and
  // belongs to somebody else.
  virtual Result<ApplyAnswer> get(const GetRequest& request) = 0;

  virtual Result<ApplyAnswer> apply(const ApplyRequest& request) = 0;
  virtual Result<ApplyAnswer> apply_status(const ApplyRequest& request) = 0;
  virtual Result<ApplyAnswer> create(const CreateRequest& request) = 0;
  // NotFound when it is already gone, Conflict when the name now belongs to another uid or the
  // object has changed.
  virtual Result<> remove(const RemoveRequest& request) = 0;
  virtual Result<ApplyAnswer> patch_finalizers(const FinalizersPatch& request) = 0;
};

}  // namespace slipway::kube

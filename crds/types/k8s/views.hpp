// Narrow views of the Kubernetes objects that Slipway reads: only what a decision needs is
// decoded and kept. Each lists its fields once, as our own kinds do (crds/types/decode.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crds/types/condition.hpp"
#include "crds/types/k8s/projection.hpp"
#include "crds/types/object_meta.hpp"

namespace slipway::k8s {

// apps/v1 DeploymentCondition, autoscaling/v2 ..., PodCondition: the members they share.
struct ConditionView {
  std::string type, status, reason, message;
  template <class Visitor>
  static void fields(Visitor&& field) {
    field("type", &ConditionView::type);
    field("status", &ConditionView::status);
    field("reason", &ConditionView::reason);
    field("message", &ConditionView::message);
  }
};

struct DeploymentView {
  struct Spec {
    std::optional<int> replicas;
    template <class Visitor>
    static void fields(Visitor&& field) {
      field("replicas", &Spec::replicas);
    }
  };
  struct Status {
    std::int64_t observed_generation = 0;
    int replicas = 0;
    int updated_replicas = 0;
    int ready_replicas = 0;
    int available_replicas = 0;
    std::vector<ConditionView> conditions;
    template <class Visitor>
    static void fields(Visitor&& field) {
      field("observedGeneration", &Status::observed_generation);
      field("replicas", &Status::replicas);
      field("updatedReplicas", &Status::updated_replicas);
      field("readyReplicas", &Status::ready_replicas);
      field("availableReplicas", &Status::available_replicas);
      field("conditions", &Status::conditions);
    }
  };
  ObjectMeta metadata;
  Spec spec;
  Status status;
  Projection projection;  // filled by the cache, not part of fields()
  template <class Visitor>
  static void fields(Visitor&& field) {
    field("metadata", &DeploymentView::metadata);
    field("spec", &DeploymentView::spec);
    field("status", &DeploymentView::status);
  }
};

struct ServiceView {
  struct Spec {
    std::map<std::string, std::string> selector;
    template <class Visitor>
    static void fields(Visitor&& field) {
      field("selector", &Spec::selector);
    }
  };
  ObjectMeta metadata;
  Spec spec;
  Projection projection;
  template <class Visitor>
  static void fields(Visitor&& field) {
    field("metadata", &ServiceView::metadata);
    field("spec", &ServiceView::spec);
  }
};

// A child of which nothing but its existence and projection matters: HPA, PodDisruptionBudget.
struct PlainChildView {
  ObjectMeta metadata;
  Projection projection;
  template <class Visitor>
  static void fields(Visitor&& field) {
    field("metadata", &PlainChildView::metadata);
  }
};

struct ContainerEndView {
  int exit_code = 0;
  std::string reason, message;
  template <class Visitor>
  static void fields(Visitor&& field) {
    field("exitCode", &ContainerEndView::exit_code);
    field("reason", &ContainerEndView::reason);
    field("message", &ContainerEndView::message);
  }
};

struct ContainerStatusView {
  struct Waiting {
    std::string reason, message;
    template <class Visitor>
    static void fields(Visitor&& field) {
      field("reason", &Waiting::reason);
      field("message", &Waiting::message);
    }
  };
  struct Running {
    std::string started_at;
    template <class Visitor>
    static void fields(Visitor&& field) {
      field("startedAt", &Running::started_at);
    }
  };
  using Terminated = ContainerEndView;
  struct State {
    std::optional<Waiting> waiting;
    std::optional<Running> running;
    std::optional<Terminated> terminated;
    template <class Visitor>
    static void fields(Visitor&& field) {
      field("waiting", &State::waiting);
      field("running", &State::running);
      field("terminated", &State::terminated);
    }
  };
  std::string name;
  std::string image;
  bool ready = false;
  int restart_count = 0;
  State state;
  State last_state;
  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &ContainerStatusView::name);
    field("image", &ContainerStatusView::image);
    field("ready", &ContainerStatusView::ready);
    field("restartCount", &ContainerStatusView::restart_count);
    field("state", &ContainerStatusView::state);
    field("lastState", &ContainerStatusView::last_state);
  }
};

struct PodView {
  struct Spec {
    std::string node_name;
    template <class Visitor>
    static void fields(Visitor&& field) {
      field("nodeName", &Spec::node_name);
    }
  };
  struct Status {
    std::string phase, reason, message;
    std::vector<ConditionView> conditions;
    std::vector<ContainerStatusView> init_container_statuses;
    std::vector<ContainerStatusView> container_statuses;
    template <class Visitor>
    static void fields(Visitor&& field) {
      field("phase", &Status::phase);
      field("reason", &Status::reason);
      field("message", &Status::message);
      field("conditions", &Status::conditions);
      field("initContainerStatuses", &Status::init_container_statuses);
      field("containerStatuses", &Status::container_statuses);
    }
  };
  ObjectMeta metadata;
  Spec spec;
  Status status;
  template <class Visitor>
  static void fields(Visitor&& field) {
    field("metadata", &PodView::metadata);
    field("spec", &PodView::spec);
    field("status", &PodView::status);
  }
};

struct NodeView {
  struct Spec {
    bool unschedulable = false;
    template <class Visitor>
    static void fields(Visitor&& field) {
      field("unschedulable", &Spec::unschedulable);
    }
  };
  struct Status {
    std::map<std::string, std::string> allocatable;  // quantities as text
    template <class Visitor>
    static void fields(Visitor&& field) {
      field("allocatable", &Status::allocatable);
    }
  };
  ObjectMeta metadata;
  Spec spec;
  Status status;
  template <class Visitor>
  static void fields(Visitor&& field) {
    field("metadata", &NodeView::metadata);
    field("spec", &NodeView::spec);
    field("status", &NodeView::status);
  }
};

}  // namespace slipway::k8s

// Narrow views of the Kubernetes objects that Slipway reads: only what a decision needs is
// decoded and kept. Each lists its fields once, as our own kinds do (crds/types/decode.hpp).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

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
  bool operator==(const ConditionView&) const = default;
};

struct DeploymentView {
  struct Spec {
    std::optional<int> replicas;
    template <class Visitor>
    static void fields(Visitor&& field) {
      field("replicas", &Spec::replicas);
    }
    bool operator==(const Spec&) const = default;
  };
  // Who is ready is told by the pods, not by the Deployment's counts.
  struct Status {
    std::vector<ConditionView> conditions;
    template <class Visitor>
    static void fields(Visitor&& field) {
      field("conditions", &Status::conditions);
    }
    bool operator==(const Status&) const = default;
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
  bool operator==(const ContainerEndView&) const = default;
};

struct ContainerStatusView {
  struct Waiting {
    std::string reason, message;
    template <class Visitor>
    static void fields(Visitor&& field) {
      field("reason", &Waiting::reason);
      field("message", &Waiting::message);
    }
    bool operator==(const Waiting&) const = default;
  };
  struct Running {  // that it does is all
    template <class Visitor>
    static void fields(Visitor&&) {}
    bool operator==(const Running&) const = default;
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
    bool operator==(const State&) const = default;
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
  bool operator==(const ContainerStatusView&) const = default;
};

struct PodView {
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
    bool operator==(const Status&) const = default;
  };
  ObjectMeta metadata;
  Status status;
  template <class Visitor>
  static void fields(Visitor&& field) {
    field("metadata", &PodView::metadata);
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

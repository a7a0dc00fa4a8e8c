// `spec.rollout`: how a new revision takes over. Complete as a schema, so that fields need not
// move; this version refuses it (see `InferenceServiceSpec`).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crds/types/fields.hpp"
#include "crds/types/references.hpp"

namespace slipway {

struct RolloutCapacity {
  std::string mode;
  std::optional<int> max_extra_gpus, min_stable_replicas;
  std::string keep_previous_warm;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using R = RolloutCapacity;
    field("mode", &R::mode, "Where room for the new revision comes from.",
          attr::Enum{"Surge|Borrow|Recreate"});
    field("maxExtraGPUs", &R::max_extra_gpus, "GPUs that a rollout may use on top.",
          attr::Minimum{0}, attr::Maximum{10000});
    field("minStableReplicas", &R::min_stable_replicas,
          "Replicas of the stable revision that are never lent.", attr::Minimum{0},
          attr::Maximum{10000});
    field("keepPreviousWarm", &R::keep_previous_warm, "How long the old revision stays.",
          attr::MaxLength{32}, kDuration);
  }
  bool operator==(const RolloutCapacity&) const = default;
};

struct RolloutWarmup {
  std::optional<int> requests;
  std::string exclude, timeout;
  std::optional<double> prefix_hit_ratio;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("requests", &RolloutWarmup::requests, "Requests before it counts as warm.",
          attr::Minimum{0}, attr::Maximum{100000});
    field("exclude", &RolloutWarmup::exclude, "First part of the measurements that is left out.",
          attr::MaxLength{32}, kDuration);
    field("prefixHitRatio", &RolloutWarmup::prefix_hit_ratio,
          "Share of the stable revision's prefix cache hits that it must reach.", attr::Minimum{0},
          attr::Maximum{1});
    field("timeout", &RolloutWarmup::timeout, "Longest warm-up.", attr::MaxLength{32}, kDuration);
  }
  bool operator==(const RolloutWarmup&) const = default;
};

struct RolloutStickiness {
  std::string header;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("header", &RolloutStickiness::header,
          "Callers with the same value of this header stay on the same revision.", attr::Required{},
          attr::MaxLength{128});
  }
  bool operator==(const RolloutStickiness&) const = default;
};

struct RolloutStep {
  std::string name;
  std::optional<int> weight, shadow_percent;
  std::string min_duration, max_duration, approval;
  std::vector<std::string> gates, eval_gates;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &RolloutStep::name, "Its address in approvals.", attr::Required{},
          attr::MaxLength{63});
    field("weight", &RolloutStep::weight, "Share of the traffic in percent.", attr::Minimum{0},
          attr::Maximum{100});
    field("shadowPercent", &RolloutStep::shadow_percent, "Share of the traffic that is copied.",
          attr::Minimum{0}, attr::Maximum{100});
    field("minDuration", &RolloutStep::min_duration, "Shortest stay.", attr::MaxLength{32},
          kDuration);
    field("maxDuration", &RolloutStep::max_duration, "Longest stay without a verdict.",
          attr::MaxLength{32}, kDuration);
    field("approval", &RolloutStep::approval, "Whether somebody has to agree.",
          attr::Enum{"Required|None"});
    field("gates", &RolloutStep::gates, "Gates that must pass.", attr::MaxItems{16},
          attr::ItemMaxLength{63});
    field("evalGates", &RolloutStep::eval_gates, "Evaluations that must pass.", attr::MaxItems{16},
          attr::ItemMaxLength{63});
  }
  bool operator==(const RolloutStep&) const = default;
};

struct RolloutGate {
  std::string name, kind, template_ref, on_missing, on_inconclusive;
  std::optional<double> ok_ratio, bad_ratio, alpha, beta;
  std::optional<int> min_events;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using G = RolloutGate;
    field("name", &G::name, "Its name in steps and guards.", attr::Required{}, attr::MaxLength{63});
    field("kind", &G::kind, "What is compared.",
          attr::Enum{"RateRatio|BoundedMean|MeanRatio|Distribution|Paired|Query|Job|Pushed"});
    field("templateRef", &G::template_ref, "A measurement that Slipway knows, as `http-5xx`.",
          attr::MaxLength{253});
    field("okRatio", &G::ok_ratio, "Candidate over stable that is still good.", attr::Minimum{0});
    field("badRatio", &G::bad_ratio, "Candidate over stable that is bad.", attr::Minimum{0});
    field("alpha", &G::alpha, "Chance of rolling back a good one.", attr::Minimum{0},
          attr::Maximum{0.2});
    field("beta", &G::beta, "Chance of passing a bad one.", attr::Minimum{0}, attr::Maximum{0.2});
    field("minEvents", &G::min_events, "Fewest bad events before a verdict.", attr::Minimum{0},
          attr::Maximum{1000000});
    field("onMissing", &G::on_missing, "What no measurement means.",
          attr::Enum{"Hold|Pause|RollBack"});
    field("onInconclusive", &G::on_inconclusive, "What no verdict means.",
          attr::Enum{"Pause|RollBack"});
  }
  bool operator==(const RolloutGate&) const = default;
};

struct RolloutApproval {
  std::string version, step;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("version", &RolloutApproval::version, "The version that is agreed to.", attr::Required{},
          attr::MaxLength{253});
    field("step", &RolloutApproval::step, "The step that may begin.", attr::Required{},
          attr::MaxLength{63});
  }
  bool operator==(const RolloutApproval&) const = default;
};

struct RolloutControl {
  bool pause = false;
  std::vector<RolloutApproval> approvals;
  std::string promote, abort;
  std::optional<int> retry;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("pause", &RolloutControl::pause, "Whether the rollout waits.");
    field("approvals", &RolloutControl::approvals, "What somebody agreed to.", attr::MaxItems{32},
          attr::MapKey{"version", "step"});
    field("promote", &RolloutControl::promote, "Version whose further steps are skipped.",
          attr::MaxLength{253});
    field("abort", &RolloutControl::abort, "Version that is rolled back.", attr::MaxLength{253});
    field("retry", &RolloutControl::retry, "A higher number tries the same version again.",
          attr::Minimum{0}, attr::Maximum{1000000});
  }
  bool operator==(const RolloutControl&) const = default;
};

struct RolloutSpec {
  std::string policy_ref;
  std::optional<RolloutCapacity> capacity;
  std::optional<RolloutWarmup> warmup;
  std::optional<RolloutStickiness> stickiness;
  std::vector<RolloutStep> steps;
  std::vector<std::string> guards;
  std::vector<RolloutGate> gates;
  std::string on_mid_rollout_change, on_stable_unhealthy, progress_deadline, sync_gate;
  std::optional<RolloutControl> control;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using R = RolloutSpec;
    field("policyRef", &R::policy_ref, "A RolloutPolicy of this namespace.", attr::MaxLength{253});
    field("capacity", &R::capacity, "Where the room comes from.");
    field("warmup", &R::warmup, "What comes before the first measured request.");
    field("stickiness", &R::stickiness, "Which callers stay together.");
    field("steps", &R::steps, "The way from 0 to 100 percent.", attr::MaxItems{16},
          attr::MapKey{"name"});
    field("guards", &R::guards, "Gates that are watched at every step.", attr::MaxItems{16},
          attr::ItemMaxLength{63});
    field("gates", &R::gates, "What is measured, and what is good.", attr::MaxItems{16},
          attr::MapKey{"name"});
    field("onMidRolloutChange", &R::on_mid_rollout_change, "What a third version does.",
          attr::Enum{"Supersede|Queue"});
    field("onStableUnhealthy", &R::on_stable_unhealthy, "What a broken stable revision does.",
          attr::Enum{"FastForward|Hold"});
    field("progressDeadline", &R::progress_deadline, "Longest wait for pods.", attr::MaxLength{32},
          kDuration);
    field("syncGate", &R::sync_gate, "Whether a paused rollout counts as Ready.",
          attr::Enum{"Release|Block"});
    field("control", &R::control, "What somebody asks of the running rollout.");
  }
  bool operator==(const RolloutSpec&) const = default;
};

}  // namespace slipway

// `spec.replicas` and `spec.scaling`: how many replicas, and who decides between the bounds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crds/types/fields.hpp"
#include "crds/types/references.hpp"

namespace slipway {

struct Replicas {
  int min = 1;
  std::optional<int> max;  // absent: fixed at `min`

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("min", &Replicas::min, "Fewest replicas; 0 lets the service sleep. Absent means 1.",
          attr::Minimum{0}, attr::Maximum{10000},
          Rule{.rule = "self >= 1",
               .message = "replicas.min 0 is not available in this version",
               .forbidden = true});
    field("max", &Replicas::max, "Most replicas, never exceeded. Absent: the same as `min`.",
          attr::Minimum{1}, attr::Maximum{10000});
  }
  template <class Visitor>
  static void rules(Visitor&& rule) {
    rule(Rule{.rule = "!has(self.max) || (has(self.min) ? self.min : 1) <= self.max",
              .message = "min must not exceed max",
              .message_expression = "'min (%d) must not exceed max (%d)'.format([has(self.min) ? "
                                    "self.min : 1, self.max])"});
  }
  bool operator==(const Replicas&) const = default;
};

struct ScalingPolicy {
  std::string type;
  int value = 1, period_seconds = 15;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("type", &ScalingPolicy::type, "What `value` counts.", attr::Required{},
          attr::Enum{"Pods|Percent"});
    field("value", &ScalingPolicy::value, "Largest change in one period.", attr::Required{},
          attr::Minimum{1}, attr::Maximum{10000});
    field("periodSeconds", &ScalingPolicy::period_seconds, "The period.", attr::Required{},
          attr::Minimum{1}, attr::Maximum{1800});
  }
  bool operator==(const ScalingPolicy&) const = default;
};

struct ScalingRules {
  std::optional<int> stabilization_window_seconds;
  std::string select_policy;
  std::vector<ScalingPolicy> policies;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("stabilizationWindowSeconds", &ScalingRules::stabilization_window_seconds,
          "How long the past counts.", attr::Minimum{0}, attr::Maximum{3600});
    field("selectPolicy", &ScalingRules::select_policy, "Which policy wins. Absent means Max.",
          attr::Enum{"Max|Min|Disabled"});
    field("policies", &ScalingRules::policies, "Limits on the speed.", attr::MaxItems{8});
  }
  bool operator==(const ScalingRules&) const = default;
};

struct ScalingBehavior {
  std::optional<ScalingRules> scale_up, scale_down;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("scaleUp", &ScalingBehavior::scale_up, "On the way up.");
    field("scaleDown", &ScalingBehavior::scale_down, "On the way down.");
  }
  bool operator==(const ScalingBehavior&) const = default;
};

struct ScalingWindow {
  std::string name, start, time_zone, duration;
  std::optional<int> min, max;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &ScalingWindow::name, "Name of the window.", attr::Required{},
          attr::MaxLength{63});
    field("start", &ScalingWindow::start, "When it begins, as a cron expression.", attr::Required{},
          attr::MaxLength{128});
    field("timeZone", &ScalingWindow::time_zone, "Time zone of `start`. Absent means UTC.",
          attr::MaxLength{64});
    field("duration", &ScalingWindow::duration, "How long it lasts.", attr::Required{},
          attr::MaxLength{32}, kDuration);
    field("min", &ScalingWindow::min, "`replicas.min` meanwhile.", attr::Minimum{0},
          attr::Maximum{10000});
    field("max", &ScalingWindow::max, "`replicas.max` meanwhile.", attr::Minimum{1},
          attr::Maximum{10000});
  }
  bool operator==(const ScalingWindow&) const = default;
};

struct ScalingSpec {
  std::string metric;
  std::optional<int> target;
  std::optional<ScalingBehavior> behavior;
  std::vector<ScalingWindow> schedule;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using S = ScalingSpec;
    field(
        "metric", &S::metric, "What is measured. Absent means cpu.",
        attr::Enum{"concurrency|queue|tokens|cpu|gpuUtilization"},
        Rule{.rule = "self == 'cpu'",
             .message = "this scaling metric is not available in this version",
             .message_expression = "'scaling.metric ' + self + ' is not available in this version'",
             .forbidden = true});
    field("target", &S::target,
          "Value per replica to hold; for cpu, percent of the requested CPU. Absent means 80.",
          attr::Minimum{1}, attr::Maximum{1000000});
    field("behavior", &S::behavior, "Speed limits, as in a HorizontalPodAutoscaler.");
    field("schedule", &S::schedule, "Times with other bounds.", attr::MaxItems{16},
          attr::MapKey{"name"}, attr::NotAvailable{});
  }
  bool operator==(const ScalingSpec&) const = default;
};

}  // namespace slipway

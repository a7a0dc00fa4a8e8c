// Kubernetes' affinity, tolerations and topology spread, as a service may write them: the same
// names, with bounds on every list.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crds/types/fields.hpp"

namespace slipway {

// Serves node selectors and label selectors: both have key, operator and values.
struct SelectorRequirement {
  std::string key, op;
  std::vector<std::string> values;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("key", &SelectorRequirement::key, "The label.", attr::Required{}, attr::MaxLength{317});
    field("operator", &SelectorRequirement::op, "How it is compared.", attr::Required{},
          attr::Enum{"In|NotIn|Exists|DoesNotExist|Gt|Lt"});
    field("values", &SelectorRequirement::values, "What it is compared with.", attr::MaxItems{32},
          attr::ItemMaxLength{253});
  }
  bool operator==(const SelectorRequirement&) const = default;
};

struct NodeSelectorTerm {
  std::vector<SelectorRequirement> match_expressions, match_fields;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("matchExpressions", &NodeSelectorTerm::match_expressions, "On the node's labels.",
          attr::MaxItems{16});
    field("matchFields", &NodeSelectorTerm::match_fields, "On the node's fields.",
          attr::MaxItems{16});
  }
  bool operator==(const NodeSelectorTerm&) const = default;
};

struct NodeSelector {
  std::vector<NodeSelectorTerm> terms;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("nodeSelectorTerms", &NodeSelector::terms, "One of these must match.", attr::Required{},
          attr::MinItems{1}, attr::MaxItems{8});
  }
  bool operator==(const NodeSelector&) const = default;
};

struct PreferredNode {
  int weight = 1;
  NodeSelectorTerm preference;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("weight", &PreferredNode::weight, "How much it counts.", attr::Required{},
          attr::Minimum{1}, attr::Maximum{100});
    field("preference", &PreferredNode::preference, "What is preferred.", attr::Required{},
          attr::AlwaysEncode{});
  }
  bool operator==(const PreferredNode&) const = default;
};

struct NodeAffinity {
  std::optional<NodeSelector> required;
  std::vector<PreferredNode> preferred;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("requiredDuringSchedulingIgnoredDuringExecution", &NodeAffinity::required,
          "Nodes that may be used.");
    field("preferredDuringSchedulingIgnoredDuringExecution", &NodeAffinity::preferred,
          "Nodes that are liked better.", attr::MaxItems{8});
  }
  bool operator==(const NodeAffinity&) const = default;
};

struct LabelSelector {
  std::map<std::string, std::string> match_labels;
  std::vector<SelectorRequirement> match_expressions;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("matchLabels", &LabelSelector::match_labels, "Labels that must be equal.",
          attr::MaxProperties{16});
    field("matchExpressions", &LabelSelector::match_expressions, "Further requirements.",
          attr::MaxItems{16});
  }
  bool operator==(const LabelSelector&) const = default;
};

struct PodAffinityTerm {
  std::optional<LabelSelector> label_selector;
  std::string topology_key;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("labelSelector", &PodAffinityTerm::label_selector, "Which pods, in this namespace.");
    field("topologyKey", &PodAffinityTerm::topology_key, "The node label that says what is near.",
          attr::Required{}, attr::MaxLength{317});
  }
  bool operator==(const PodAffinityTerm&) const = default;
};

struct PreferredPods {
  int weight = 1;
  PodAffinityTerm term;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("weight", &PreferredPods::weight, "How much it counts.", attr::Required{},
          attr::Minimum{1}, attr::Maximum{100});
    field("podAffinityTerm", &PreferredPods::term, "What is preferred.", attr::Required{},
          attr::AlwaysEncode{});
  }
  bool operator==(const PreferredPods&) const = default;
};

struct PodAffinity {
  std::vector<PodAffinityTerm> required;
  std::vector<PreferredPods> preferred;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("requiredDuringSchedulingIgnoredDuringExecution", &PodAffinity::required, "Must hold.",
          attr::MaxItems{8});
    field("preferredDuringSchedulingIgnoredDuringExecution", &PodAffinity::preferred,
          "Liked better.", attr::MaxItems{8});
  }
  bool operator==(const PodAffinity&) const = default;
};

struct Affinity {
  std::optional<NodeAffinity> node_affinity;
  std::optional<PodAffinity> pod_affinity, pod_anti_affinity;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("nodeAffinity", &Affinity::node_affinity, "Which nodes.");
    field("podAffinity", &Affinity::pod_affinity, "Near which pods.");
    field("podAntiAffinity", &Affinity::pod_anti_affinity, "Away from which pods.");
  }
  bool operator==(const Affinity&) const = default;
};

struct Toleration {
  std::string key, op, value, effect;
  std::optional<std::int64_t> seconds;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("key", &Toleration::key, "Key of the taint. Absent: every taint.", attr::MaxLength{317});
    field("operator", &Toleration::op, "How it is compared. Absent means Equal.",
          attr::Enum{"Equal|Exists"});
    field("value", &Toleration::value, "Value of the taint.", attr::MaxLength{253});
    field("effect", &Toleration::effect, "Effect of the taint. Absent: every effect.",
          attr::Enum{"NoSchedule|PreferNoSchedule|NoExecute"});
    field("tolerationSeconds", &Toleration::seconds, "How long a NoExecute taint is tolerated.");
  }
  bool operator==(const Toleration&) const = default;
};

// Slipway adds the label selector: the pods of the revision.
struct TopologySpread {
  std::string topology_key;
  int max_skew = 1;
  std::string when_unsatisfiable;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("topologyKey", &TopologySpread::topology_key, "The node label to spread over.",
          attr::Required{}, attr::MaxLength{317});
    field("maxSkew", &TopologySpread::max_skew, "Largest allowed difference. Absent means 1.",
          attr::Minimum{1}, attr::Maximum{1000});
    field("whenUnsatisfiable", &TopologySpread::when_unsatisfiable,
          "What to do when it cannot hold. Absent means ScheduleAnyway.",
          attr::Enum{"DoNotSchedule|ScheduleAnyway"});
  }
  bool operator==(const TopologySpread&) const = default;
};

}  // namespace slipway

// Small types that several kinds share: references, resources, environment variables.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crds/types/fields.hpp"

namespace slipway {

// What a quantity must be where people write one; "" counts as absent.
inline constexpr Rule kIsQuantity{.rule =
                                      "type(self) == string ? self == '' || (isQuantity(self) && "
                                      "quantity(self).compareTo(quantity('0')) >= 0) : self >= 0",
                                  .message = "must be a quantity, as 18Gi or 500m"};

// A name that an object can have; other names would only be refused later, on a child.
inline constexpr attr::Pattern kObjectName{"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"};

// Lengths of time, as "10m" or "1h30m".
inline constexpr attr::Pattern kDuration{"^([0-9]+(ms|s|m|h|d))+$"};

// An object of the same namespace, by name.
struct LocalReference {
  std::string name;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &LocalReference::name, "Name of the object, in this namespace.",
          attr::MaxLength{253}, kObjectName);
  }
  bool operator==(const LocalReference&) const = default;
};

// One key of a Secret or ConfigMap.
struct KeyReference {
  std::string name, key;
  bool optional = false;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &KeyReference::name, "Name of the Secret or ConfigMap.", attr::Required{},
          attr::MaxLength{253});
    field("key", &KeyReference::key, "Which of its keys.", attr::Required{}, attr::MaxLength{253});
    field("optional", &KeyReference::optional, "Whether the pod may start without it.");
  }
  bool operator==(const KeyReference&) const = default;
};

struct FieldReference {
  std::string field_path;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("fieldPath", &FieldReference::field_path, "Path in the pod, as `metadata.name`.",
          attr::Required{}, attr::MaxLength{253});
  }
  bool operator==(const FieldReference&) const = default;
};

struct EnvSource {
  std::optional<KeyReference> secret_key_ref;
  std::optional<KeyReference> config_map_key_ref;
  std::optional<FieldReference> field_ref;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("secretKeyRef", &EnvSource::secret_key_ref, "A key of a Secret.");
    field("configMapKeyRef", &EnvSource::config_map_key_ref, "A key of a ConfigMap.");
    field("fieldRef", &EnvSource::field_ref, "A field of the pod itself.");
  }
  template <class Visitor>
  static void rules(Visitor&& rule) {
    rule(
        Rule{"[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef)]"
             ".filter(x, x).size() == 1",
             "must name exactly one of secretKeyRef, configMapKeyRef and fieldRef"});
  }
  bool operator==(const EnvSource&) const = default;
};

struct EnvVar {
  std::string name, value;
  std::optional<EnvSource> value_from;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &EnvVar::name, "Name of the variable.", attr::Required{}, attr::MaxLength{253},
          attr::Pattern{"^[A-Za-z_][A-Za-z0-9_]*$"});
    field("value", &EnvVar::value, "Its value.", attr::MaxLength{4096});
    field("valueFrom", &EnvVar::value_from, "Where its value is taken from instead.");
  }
  template <class Visitor>
  static void rules(Visitor&& rule) {
    rule(Rule{"!(has(self.value) && self.value != '' && has(self.valueFrom))",
              "value and valueFrom exclude each other"});
  }
  bool operator==(const EnvVar&) const = default;
};

// Quantities by resource name, written as Kubernetes writes them.
struct Resources {
  std::map<std::string, std::string> requests, limits;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("requests", &Resources::requests, "What the scheduler keeps free for one replica.",
          attr::IntOrString{}, attr::MaxProperties{16}, attr::ItemRule{kIsQuantity});
    field("limits", &Resources::limits, "What one replica may use at most.", attr::IntOrString{},
          attr::MaxProperties{16}, attr::ItemRule{kIsQuantity});
  }
  template <class Visitor>
  static void rules(Visitor&& rule) {
    rule(
        Rule{"!has(self.requests) || !has(self.limits) || self.requests.all(k, "
             "!(k in self.limits) || !isQuantity(string(self.requests[k])) || "
             "!isQuantity(string(self.limits[k])) || quantity(string(self.requests[k]))"
             ".compareTo(quantity(string(self.limits[k]))) <= 0)",
             "a request must not exceed its limit"});
  }
  bool operator==(const Resources&) const = default;
};

}  // namespace slipway

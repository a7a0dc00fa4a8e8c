// metav1.Condition: one thing that is true, false or not known about an object, and why.
#pragma once

#include <cstdint>
#include <string>

#include "crds/types/fields.hpp"

namespace slipway {

struct Condition {
  std::string type;
  std::string status;  // True, False or Unknown
  std::string reason;  // one CamelCase word that programs can match
  std::string message;
  std::string last_transition_time;  // RFC 3339; when `status` changed, not when it was looked at
  std::int64_t observed_generation = 0;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("type", &Condition::type, "What it is about: `Ready`, `Reconciling`, `Stalled`, ...",
          attr::Required{}, attr::MaxLength{128});
    field("status", &Condition::status, "Whether it holds.", attr::Required{},
          attr::Enum{"True|False|Unknown"});
    field("reason", &Condition::reason, "One word for programs.", attr::Required{},
          attr::MaxLength{128});
    field("message", &Condition::message, "A sentence for people, with the numbers.",
          attr::AlwaysEncode{}, attr::MaxLength{4096});
    field("lastTransitionTime", &Condition::last_transition_time, "When `status` last changed.",
          attr::Required{}, attr::MaxLength{64}, attr::Format{"date-time"});
    field("observedGeneration", &Condition::observed_generation,
          "The generation of the object that this was said about.", attr::OmitZero{});
  }
  bool operator==(const Condition&) const = default;
};

}  // namespace slipway

// What one reconcile decided. A `Plan` is a value: comparable, printable, replayable. Only the
// executor (controller/runtime) turns it into calls; nothing here does I/O.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "crds/base/json.hpp"
#include "crds/base/time.hpp"

namespace slipway {

// The field manager of everything we apply.
inline constexpr const char* kFieldManager = "slipway";
// A second manager that owns nothing but `spec.replicas` of a Deployment that an HPA scales. A
// field that its last owner stops sending falls back to the default (1 replica, pods killed), so
// the count is handed to this manager before the main one stops sending it.
inline constexpr const char* kScaleManager = "slipway-scale";

// Names one object of the cluster. `api_version` is "apps/v1", "v1", ... ; an empty namespace
// means cluster scope.
struct ObjectRef {
  std::string api_version;
  std::string kind;
  std::string namespace_;
  std::string name;

  auto operator<=>(const ObjectRef&) const = default;
};

// Server-side apply of a whole object that we own.
struct Apply {
  Json object;
  std::string manager = kFieldManager;
  bool operator==(const Apply&) const = default;
};
// Deletes exactly the object with this uid: the uid is a precondition, not a hint.
struct Delete {
  ObjectRef ref;
  std::string uid;
  bool operator==(const Delete&) const = default;
};
// Server-side apply of `/status`. `uid` and `resource_version` are of the object it was decided
// from; the uid keeps a namesake from getting our news.
struct SetStatus {
  ObjectRef ref;
  std::string uid;
  Json status;
  bool operator==(const SetStatus&) const = default;
};
// A Kubernetes Event about `about`.
struct Announce {
  ObjectRef about;
  std::string uid;
  bool warning = false;
  std::string reason;   // CamelCase, one word: what happened
  std::string message;  // a sentence for a person
  bool operator==(const Announce&) const = default;
};

using Action = std::variant<Apply, Delete, SetStatus, Announce>;

struct Plan {
  std::vector<Action> actions;      // executed in order; the first failure stops the rest
  std::optional<Duration> revisit;  // look again after this long even if nothing changes

  bool operator==(const Plan&) const = default;
};

// "Apply apps/v1 Deployment default/chat-4f2k9": one line for logs and error texts.
std::string describe(const Action& action);
// The whole plan as a document, for golden files and simulation traces.
Json to_json(const Plan& plan);
ObjectRef ref_of(const Json& object);

}  // namespace slipway

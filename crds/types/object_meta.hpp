// The part of metav1.ObjectMeta that Slipway reads or writes. managedFields are never decoded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crds/types/fields.hpp"

namespace slipway {

struct OwnerReference {
  std::string api_version, kind, name, uid;
  bool controller = false;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("apiVersion", &OwnerReference::api_version);
    field("kind", &OwnerReference::kind);
    field("name", &OwnerReference::name);
    field("uid", &OwnerReference::uid);
    field("controller", &OwnerReference::controller);
  }
  bool operator==(const OwnerReference&) const = default;
};

struct ObjectMeta {
  std::string name, namespace_, uid, resource_version;
  std::int64_t generation = 0;
  std::optional<std::string> deletion_timestamp;  // set: somebody asked for the deletion
  std::map<std::string, std::string> labels, annotations;
  std::vector<std::string> finalizers;
  std::vector<OwnerReference> owner_references;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &ObjectMeta::name);
    field("namespace", &ObjectMeta::namespace_);
    field("uid", &ObjectMeta::uid);
    field("resourceVersion", &ObjectMeta::resource_version);
    field("generation", &ObjectMeta::generation, attr::OmitZero{});
    field("deletionTimestamp", &ObjectMeta::deletion_timestamp);
    field("labels", &ObjectMeta::labels);
    field("annotations", &ObjectMeta::annotations);
    field("finalizers", &ObjectMeta::finalizers);
    field("ownerReferences", &ObjectMeta::owner_references);
  }
  bool operator==(const ObjectMeta&) const = default;
};

}  // namespace slipway

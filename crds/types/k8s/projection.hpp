// A fingerprint of the part of an object that Slipway renders. It is taken from a live object
// while its bytes are decoded and from a desired object before it would be sent; equal
// fingerprints mean there is nothing to send. Only these 16 bytes are kept of a live object's
// spec.
//
// Per kind there is one `Shape`: the union of all fields that we ever render. Fields outside of
// it (what others write, what the server defaults) do not count. Values are normalised: members
// in any order, quantities by value, and null, {}, [] and "" as absent.
#pragma once

#include <cstdint>
#include <string_view>

#include "crds/base/json.hpp"
#include "crds/base/result.hpp"

namespace slipway {

struct Projection {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const Projection&) const = default;
};

// Which leader wrote a child last. It rides on writes that are due anyway and is no reason for one,
// so it has no part in a projection.
inline constexpr const char* kEpochAnnotation = "serving.slipway.dev/epoch";

class Shape;  // defined in projection.cpp; immutable, one per kind
// The shape of a kind that Slipway renders ("Deployment", "Service", "HorizontalPodAutoscaler",
// "PodDisruptionBudget", "NetworkPolicy", "ModelVersion"); nullptr for any other kind.
const Shape* shape_of(std::string_view kind);

// `spec.replicas` of a Deployment is left out of its projection: an HPA may own it. Who compares
// looks at it apart (see DeploymentView::Spec::replicas).
Projection project(const Shape& shape, const Json& desired);
// `live` is the whole object as the server sent it.
Result<Projection> project(const Shape& shape, std::string_view live);
// True if every field that `desired` holds is inside of the shape; otherwise names the first one
// that is not. A test runs it over every golden plan: a field outside would never be compared.
Result<> covers(const Shape& shape, const Json& desired);

}  // namespace slipway

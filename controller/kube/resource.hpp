// What a Kubernetes resource is called in URLs and in objects. Values only, no I/O; the names of
// namespaces and objects are escaped here and nowhere else.
#pragma once

#include <string>
#include <string_view>

namespace slipway::kube {

struct Resource {
  std::string group;  // empty for the core group
  std::string version;
  std::string plural;
  std::string kind;
  bool namespaced = true;

  std::string api_version() const;  // "apps/v1", "v1"
  bool operator==(const Resource&) const = default;
};

// "/apis/apps/v1/namespaces/default/deployments"; an empty `ns` means all namespaces.
std::string collection_path(const Resource& resource, std::string_view ns = {});

// The path of one object. REQUIRES: `ns` is not empty for a namespaced resource.
std::string object_path(const Resource& resource, std::string_view ns, std::string_view name);

// The kinds that Slipway reads or writes; nullptr for any other.
const Resource* find_resource(std::string_view api_version, std::string_view kind);

// Percent-encodes everything that is not unreserved in RFC 3986 (section 2.3).
std::string url_escape(std::string_view text);

}  // namespace slipway::kube

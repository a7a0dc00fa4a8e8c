// A page of a list of which nothing but the objects' metadata was asked for
// (PartialObjectMetadataList of meta.k8s.io/v1). Pure.
#pragma once

#include <string>
#include <vector>

#include "crds/base/result.hpp"

namespace slipway::kube {

// The second is for a server that does not know the first: it then sends whole objects, which read
// the same.
inline constexpr const char* kMetadataListType =
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

struct ListedObject {
  std::string ns;  // empty for cluster-scoped objects
  std::string name;
  std::string uid;
  std::string version;
};

struct MetadataPage {
  std::string version;  // of the whole list
  std::string continue_token;
  std::vector<ListedObject> items;
};

// Malformed for whatever is no such list: half a list would make the rest seem deleted. Takes the
// body so that it is parsed in place.
Result<MetadataPage> read_metadata_page(std::string body);

}  // namespace slipway::kube

// Described types -> the structural OpenAPI v3 schema of a CRD. Every string, list and map gets a
// bound, whether its type names one or not, so that the cost of CEL rules has one too.
#pragma once

#include <string>

#include "crds/base/json.hpp"
#include "crds/schema/node.hpp"

namespace slipway::schema {

// `place` is where the node is, below the spec ("gpu.sharing"); it names fields in complaints.
Json openapi(const Node& node, const std::string& place);

Json to_json(const Rule& rule);

}  // namespace slipway::schema

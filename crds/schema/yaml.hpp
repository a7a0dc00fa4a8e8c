// A JSON tree as block YAML: the same bytes for the same tree, on every machine.
#pragma once

#include <string>

#include "crds/base/json.hpp"

namespace slipway::schema {

std::string to_yaml(const Json& value);

}  // namespace slipway::schema

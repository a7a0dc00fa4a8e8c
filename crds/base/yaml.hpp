// YAML as people write it, to and from the JSON tree: configuration, examples, golden files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crds/base/json.hpp"
#include "crds/base/result.hpp"

namespace slipway {

// All documents of a stream; empty ones are left out. Plain scalars become null, booleans, whole
// numbers or decimals as in YAML's core schema; quoted ones stay strings.
Result<std::vector<Json>> parse_yaml(std::string_view text);

// Block style, members in the order of the tree. A string that would read as something else is
// quoted.
std::string to_yaml(const Json& value);

}  // namespace slipway

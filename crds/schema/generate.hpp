// Every file that is generated from the types, by its path below crds/.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "crds/base/result.hpp"

namespace slipway::schema {

// `pages` holds the hand-written parts of the reference pages: <singular>.md, in which a line
// `{{fields spec.gpu}}` or `{{columns}}` stands for a table.
Result<std::map<std::string, std::string>> generate(const std::filesystem::path& pages);

}  // namespace slipway::schema

// The reference page of a kind: hand-written text with generated tables.
#pragma once

#include <string>

#include "crds/base/result.hpp"
#include "crds/schema/crd.hpp"

namespace slipway::schema {

Result<std::string> reference_page(const Kind& kind, const std::string& text);

}  // namespace slipway::schema

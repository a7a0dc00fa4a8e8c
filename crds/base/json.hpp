// The JSON tree used for everything that we render: key order is kept, so goldens are stable.
// Live objects of the cluster are not held in it (see crds/types/decode.hpp).
#pragma once

#include <nlohmann/json.hpp>

#include "crds/base/members.hpp"

namespace slipway {

using Json = nlohmann::basic_json<Members>;

}  // namespace slipway

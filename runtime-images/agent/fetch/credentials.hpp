// The credential of a source, from a mounted secret.
#pragma once

#include <string>

#include "runtime-images/agent/report.hpp"

namespace slipway::agent {

// The value of an Authorization header from the files in `dir`: `token` (Bearer), or `username` and
// `password` (Basic). Empty for an empty `dir`; `Unauthorized` when the secret has none of them.
Outcome<std::string> read_credential(const std::string& dir);

}  // namespace slipway::agent

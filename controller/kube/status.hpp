// What an answer of the API server means for us: its HTTP status and its `Status` body
// (meta/v1) become an `Error`. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "controller/kube/transport.hpp"
#include "crds/base/result.hpp"

namespace slipway::kube {

// REQUIRES: `response.status` is not 2xx. The text names status, reason, message and, for refused
// objects, the path of each refused field.
Error status_error(const HttpResponse& response);

// The same for a `Status` that came inside a watch stream.
Error status_error(std::string_view status_object);

// Seconds, as the API server writes them; nullopt for a date or anything else. At most an hour.
std::optional<Duration> parse_retry_after(std::string_view header);

// The response itself when it is a success.
Result<HttpResponse> checked(Result<HttpResponse> response);

}  // namespace slipway::kube

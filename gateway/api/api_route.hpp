// Which part of the API a path belongs to, and which model it names. Pure.
//   /v1/...                     OpenAI's and Anthropic's API; the model is named in the body
//   /NAMESPACE/NAME/v1/...      the same for one model
//   /v2/models/MODEL/...        Open Inference Protocol v2
#pragma once

#include <string>
#include <string_view>

#include "gateway/http/message.hpp"

namespace slipway::gateway {

enum class Api {
  ListModels,  // GET /v1/models
  GetModel,    // GET /v1/models/MODEL
  Inference,   // POST with a JSON body, whose `model` counts where the path names none
  Passed,      // for one model, named by the path; the body is not looked into
  Live,        // GET /v2/health/live, of the gateway itself
  Ready,       // GET /v2/health/ready
  NoSuchPath,
  NoSuchMethod  // the path is known, with another method
};

struct ApiRoute {
  Api api = Api::NoSuchPath;
  std::string_view model;  // as the path names it; empty: it does not
  std::string_view path;   // what the engine is asked for
};

// Clients escape the slash of a model's name in /v1/models/NAMESPACE%2FNAME, which is refused
// everywhere else. Writes that path without escapes of slashes into `plain`, and returns it;
// another path is returned as it is.
std::string_view without_escaped_slashes(std::string_view path, std::string& plain);

// REQUIRES: `path` is normalised (http::normalise_path). The answer points into it.
ApiRoute api_route(http::Method method, std::string_view path);

}  // namespace slipway::gateway

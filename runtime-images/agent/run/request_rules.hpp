// What may be asked of a model's pod: paths, methods, and the model's name in a body. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "runtime-images/agent/http/openai_error.hpp"

namespace slipway::agent {

enum class Route {
  Live,
  Ready,
  Startup,
  Metrics,
  Status,    // the agent's own
  Models,    // answered from the names
  Generate,  // the engine's
  WrongMethod,
  Unknown
};

// Everything that is not listed is Unknown: the engine also has paths that change it or show other
// callers' prompts.
Route route(std::string_view method, std::string_view path);

// What the proxy reads of a body.
struct BodyFacts {
  std::optional<std::string> model;
  bool stream = false;
};

// Refuses what is not a JSON object, what is nested too deeply, and a `model` that is no string.
tl::expected<BodyFacts, http::ApiError> read_body(std::string_view body);

// nullopt: served here. A body without a model is meant for the one that is.
std::optional<http::ApiError> check_model(const BodyFacts& facts,
                                          const std::vector<std::string>& names);

// The answer to GET /v1/models.
std::string models_page(const std::vector<std::string>& names, long created);

}  // namespace slipway::agent

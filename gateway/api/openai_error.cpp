#include "gateway/api/openai_error.hpp"

#include "crds/base/json.hpp"

namespace slipway::gateway {
namespace {

// As OpenAI's own service names them.
const char* type_of(int status) {
  switch (status) {
    case 429:
      return "rate_limit_error";
    case 500:
    case 502:
    case 503:
    case 504:
      return "server_error";
    default:
      return "invalid_request_error";
  }
}

Json text_or_null(const char* text) {
  return text == nullptr ? Json() : Json(text);
}

}  // namespace

std::string to_json(const ApiError& error) {
  const Json body{{"error",
                   {{"message", error.message},
                    {"type", type_of(error.status)},
                    {"param", text_or_null(error.param)},
                    {"code", text_or_null(error.code)}}}};
  // What a client sent may be quoted, and need not be UTF-8.
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_event(const ApiError& error) {
  return "data: " + to_json(error) + "\n\n";
}

}  // namespace slipway::gateway

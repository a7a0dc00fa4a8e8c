// Answers of the gateway itself, in the shape that OpenAI's clients understand:
// {"error":{"message":..,"type":..,"param":..,"code":..}}. Texts never hold keys, paths, internal
// addresses or other tenants' names.
#pragma once

#include <string>
#include <string_view>

namespace slipway::gateway {

struct ApiError {
  int status = 500;
  std::string message;
  const char* code = nullptr;   // null in the answer where there is none
  const char* param = nullptr;  // the field of the request that is at fault
  int retry_after = 0;          // seconds; 0: no Retry-After
};

// The body. The type follows from the status, as in OpenAI's own answers.
std::string to_json(const ApiError& error);

// A frame for a stream whose 200 is already sent.
std::string to_event(const ApiError& error);

}  // namespace slipway::gateway

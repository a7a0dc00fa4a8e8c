// Errors as OpenAI's API words them, which clients know how to read.
#pragma once

#include <string>
#include <string_view>

namespace slipway::agent::http {

struct ApiError {
  int status = 500;
  std::string_view type;   // invalid_request_error, server_error, ...
  std::string_view code;   // empty: null
  std::string_view param;  // empty: null
  std::string message;
};

// {"error": {"message", "type", "param", "code"}}
std::string to_json(const ApiError& error);

// The same as the last event of a stream that cannot be finished.
std::string to_event(const ApiError& error);

// "Not Found" of 404; "Error" for what has no name here.
std::string_view reason_phrase(int status);

}  // namespace slipway::agent::http

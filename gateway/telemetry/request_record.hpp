// What is known of one request when it has ended: the source of its log line and of the counters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "crds/base/time.hpp"

namespace slipway::gateway {

struct RequestRecord {
  Time started{};          // wall clock
  double seconds = 0;      // until the last byte had been handed to the kernel
  double first_byte = -1;  // seconds until the answer's first byte; negative: there was none
  int status = 0;          // 0: the client went away before there was one
  std::uint64_t bytes_in = 0, bytes_out = 0;  // of bodies
  // As the engine reported, or as they were paid for where it did not.
  std::uint64_t prompt_tokens = 0, answer_tokens = 0;
  bool estimated = false;       // the tokens are not the engine's
  bool truncated = false;       // an answer was begun and not finished
  int attempts = 0;             // endpoints that were tried
  std::string id;               // x-request-id
  std::string method, path;     // as the client sent them, without the query
  std::string client;           // address
  std::string tenant;           // empty: without a key
  std::string model, revision;  // as they are named in the configuration
  std::string endpoint;
  const char* error = "";  // why the gateway itself answered or gave up
};

// One line of JSON with its line end. Names are those of OpenTelemetry where it has some (semantic
// conventions of HTTP and of generative AI).
void append_log_line(std::string& out, const RequestRecord& record);

// The text in quotes, escaped as JSON; what is not UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace slipway::gateway

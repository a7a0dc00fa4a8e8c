// One line of JSON per request: never a prompt, an answer or a credential. Pure.
#pragma once

#include <string>
#include <string_view>

#include "crds/base/time.hpp"
#include "runtime-images/agent/http/sse.hpp"

namespace slipway::agent {

struct RequestRecord {
  Time at{};  // when its head was read, wall clock
  std::string id, client, method, path, model;
  int status = 0;  // 499: the client went first
  bool stream = false;
  std::string_view outcome = "finished";  // finished, refused, cut, client_gone, engine_lost
  std::size_t bytes_in = 0, bytes_out = 0;
  double seconds = 0;
  double first_byte_seconds = -1;  // below 0: none was sent
  http::TokenCounts tokens;
};

std::string to_line(const RequestRecord& record);

}  // namespace slipway::agent

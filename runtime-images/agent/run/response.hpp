// Answers that the agent writes itself. Pure.
#pragma once

#include <string>
#include <string_view>

#include "runtime-images/agent/http/openai_error.hpp"
#include "runtime-images/agent/run/front.hpp"

namespace slipway::agent {

struct Envelope {
  bool keep_alive = true;
  std::string_view request_id;  // empty: none
};

std::string render_json(int status, std::string_view body, const Envelope& envelope);
std::string render_text(int status, std::string_view type, std::string_view body,
                        const Envelope& envelope);
// With Retry-After where trying again helps.
std::string render_error(const http::ApiError& error, const Envelope& envelope);

// Why nothing is served in this state: 503.
http::ApiError unavailable(const Lifecycle& lifecycle);

// {"state", "reason", "message"} for the probes.
std::string probe_page(const Lifecycle& lifecycle);
// The same with what is served and how it goes, for people and controllers.
std::string status_page(const Front& front);

}  // namespace slipway::agent

// The agent's own questions to the engine: health, warm-up, metrics. One connection per question.
#pragma once

#include <string>

#include "crds/base/time.hpp"
#include "runtime-images/agent/report.hpp"
#include "runtime-images/agent/run/asio.hpp"

namespace slipway::agent {

struct Question {
  std::string socket_path;
  std::string method = "GET";
  std::string target;
  std::string body;  // JSON
  Duration timeout{2000};
};

struct Reply {
  int status = 0;
  std::string body;
};

// `Unreachable` when nobody listens, when it takes too long, or when the answer is no HTTP.
Awaitable<Outcome<Reply>> ask(Question question);

}  // namespace slipway::agent

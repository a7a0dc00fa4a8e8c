// From a started engine to one that is known to answer: its health, then one token from the model
// that is expected.
#pragma once

#include <functional>
#include <string>

#include "runtime-images/agent/report.hpp"
#include "runtime-images/agent/run/asio.hpp"

namespace slipway::agent {

// Waits until the engine says that it has loaded. Ends early only when `gone` says so.
Awaitable<> wait_until_healthy(std::string socket_path, std::function<bool()> gone);

// One token of an answer, and the model's name on the engine's list.
Awaitable<Outcome<>> warm_up(std::string socket_path, std::string model_name);

}  // namespace slipway::agent

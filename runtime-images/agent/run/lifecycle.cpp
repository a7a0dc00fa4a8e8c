#include "runtime-images/agent/run/lifecycle.hpp"

#include <algorithm>

namespace slipway::agent {

std::string_view to_string(State state) {
  switch (state) {
    case State::Verifying:
      return "Verifying";
    case State::Loading:
      return "Loading";
    case State::Warming:
      return "Warming";
    case State::Ready:
      return "Ready";
    case State::Draining:
      return "Draining";
    case State::Stopped:
      return "Stopped";
    case State::Failed:
      return "Failed";
  }
  return "Unknown";
}

void Lifecycle::advance(State to) {
  if (state_ >= State::Draining || to <= state_ || to > State::Ready) return;
  state_ = to;
  started_ = started_ || to == State::Ready;
}

void Lifecycle::fail(AgentReport why) {
  if (state_ == State::Failed || state_ == State::Stopped) return;
  state_ = State::Failed;
  failure_ = std::move(why);
}

void Lifecycle::terminate(Time now) {
  if (state_ >= State::Draining) return;
  if (state_ != State::Ready) {
    state_ = State::Stopped;
    return;
  }
  state_ = State::Draining;
  deadline_ = now + std::max(times_.grace - kEngineShare, Duration::zero());
  closing_ = std::min(now + times_.delay, deadline_);
}

void Lifecycle::stopped() {
  if (state_ != State::Failed) state_ = State::Stopped;
}

bool Lifecycle::accepts(Time now) const {
  return state_ == State::Ready || (state_ == State::Draining && now < closing_);
}

Lifecycle::Drain Lifecycle::drain(Time now, int in_flight) const {
  if (state_ != State::Draining) return {};
  if (now >= deadline_) return {in_flight > 0, true, std::nullopt};
  if (now < closing_) return {false, false, closing_};
  if (in_flight == 0) return {false, true, std::nullopt};
  return {false, false, deadline_};
}

}  // namespace slipway::agent

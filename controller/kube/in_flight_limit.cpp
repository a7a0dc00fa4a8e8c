#include "controller/kube/in_flight_limit.hpp"

#include <algorithm>

namespace slipway::kube {
namespace {

constexpr Duration kGrowth = std::chrono::seconds(1);

constexpr int kTooManyRequests = 429;
constexpr int kServerError = 500;

}  // namespace

void InFlightLimit::throttled(Ticket ticket, Duration now) {
  if (ticket != reductions_) return;
  ++reductions_;
  allowed_ = std::max(allowed_ / 2, 1);
  changed_ = now;
}

void InFlightLimit::succeeded(Ticket ticket, Duration now) {
  if (ticket != reductions_ || allowed_ == most_ || now - changed_ < kGrowth) return;
  ++allowed_;
  changed_ = now;
}

InFlightGate::InFlightGate(int most, OnLimit on_limit)
    : on_limit_(std::move(on_limit)), limit_(most) {
  if (on_limit_) on_limit_(most);
}

std::optional<InFlightGate::Ticket> InFlightGate::enter(
    std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_until(lock, deadline, [&] { return inside_ < limit_.allowed(); }))
    return std::nullopt;
  ++inside_;
  return limit_.ticket();
}

void InFlightGate::leave(Ticket ticket, std::optional<int> status, Duration now) {
  const std::lock_guard lock(mutex_);
  --inside_;
  const int before = limit_.allowed();
  if (status == kTooManyRequests) {
    limit_.throttled(ticket, now);
  } else if (status && *status < kServerError) {
    limit_.succeeded(ticket, now);
  }
  if (on_limit_ && limit_.allowed() != before) on_limit_(limit_.allowed());
  changed_.notify_all();  // two may come in where one has left
}

}  // namespace slipway::kube

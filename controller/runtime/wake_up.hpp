// Wakes threads that wait for something to do: a ring since the sleeper last looked is never lost.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

#include "crds/base/time.hpp"

namespace slipway {

class WakeUp {
 public:
  // To be asked before looking for work.
  std::uint64_t rings() const {
    const std::lock_guard lock(mutex_);
    return rings_;
  }

  void ring() {
    {
      const std::lock_guard lock(mutex_);
      ++rings_;
    }
    rung_.notify_one();
  }
  // For news that concern every sleeper.
  void ring_all() {
    {
      const std::lock_guard lock(mutex_);
      ++rings_;
    }
    rung_.notify_all();
  }

  // Until somebody rang since `rings` was read, `stop` is requested, or the time is over.
  void wait(const std::stop_token& stop, std::uint64_t since, Duration at_most) {
    std::unique_lock lock(mutex_);
    rung_.wait_for(lock, stop, at_most, [&] { return rings_ != since; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any rung_;
  std::uint64_t rings_ = 0;
};

}  // namespace slipway

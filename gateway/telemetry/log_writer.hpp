// Writes finished log lines to a file descriptor, on a thread of its own: where the reader of the
// log stalls, requests do not. What does not fit is dropped and counted.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace slipway::gateway {

class LogWriter {
 public:
  static constexpr std::size_t kMostPieces = 64;

  // `fd` must stay open as long as this lives. The destructor writes what is left, unless the
  // reader stalls.
  explicit LogWriter(int fd);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Whole lines; from any thread.
  void write(std::string piece);
  std::uint64_t dropped_lines() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void run();
  // False: the reader stalls and this is ending.
  bool write_whole(std::string_view left);

  const int fd_;
  std::atomic<std::uint64_t> dropped_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> pieces_;  // guarded by mutex_
  bool ending_ = false;             // guarded by mutex_
  std::thread thread_;
};

}  // namespace slipway::gateway

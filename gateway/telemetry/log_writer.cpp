#include "gateway/telemetry/log_writer.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace slipway::gateway {
namespace {

constexpr int kStallMs = 1000;

// A pipe that poll calls writable takes this much without blocking (PIPE_BUF).
constexpr std::size_t kAtOnce = 4096;

enum class Put { Some, Stalled, Gone };

Put put_some(int fd, std::string_view& left) {
  pollfd one{fd, POLLOUT, 0};
  if (::poll(&one, 1, kStallMs) <= 0) return Put::Stalled;
  const ssize_t count = ::write(fd, left.data(), std::min(left.size(), kAtOnce));
  if (count < 0) return Put::Gone;
  left.remove_prefix(static_cast<std::size_t>(count));
  return Put::Some;
}

}  // namespace

LogWriter::LogWriter(int fd) : fd_(fd), thread_([this] { run(); }) {}

LogWriter::~LogWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void LogWriter::write(std::string piece) {
  {
    const std::lock_guard lock(mutex_);
    if (pieces_.size() >= kMostPieces) {
      dropped_ += static_cast<std::uint64_t>(std::ranges::count(piece, '\n'));
      return;
    }
    pieces_.push_back(std::move(piece));
  }
  changed_.notify_one();
}

void LogWriter::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !pieces_.empty(); });
    if (pieces_.empty()) return;
    std::string piece = std::move(pieces_.front());
    pieces_.pop_front();
    lock.unlock();
    const bool go_on = write_whole(piece);
    lock.lock();
    if (!go_on) return;
  }
}

bool LogWriter::write_whole(std::string_view left) {
  while (!left.empty()) {
    const Put put = put_some(fd_, left);
    if (put == Put::Gone) return true;  // nobody will ever read it
    if (put == Put::Some) continue;
    const std::lock_guard lock(mutex_);
    if (ending_) return false;
  }
  return true;
}

}  // namespace slipway::gateway

// One thread's loop over epoll: readiness of sockets, calls from other threads, a regular tick.
// Not Boost.Asio: its waits cost an epoll_ctl and a queued operation each time, while an edge that
// is remembered costs nothing (design trial: 14.2 against 15.2 us a request, all features).
//
// Threading: everything but `post` and `stop` belongs to the thread that runs it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "crds/base/result.hpp"
#include "gateway/instant.hpp"

namespace slipway::gateway {

// Readiness since it was last told; an edge, not a level.
struct Ready {
  bool readable = false;  // also: the peer has closed, or the socket has failed
  bool writable = false;
  bool hung_up = false;  // the peer sends no more, or the socket has failed
};

Instant steady_now();

class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void on_ready(Ready ready) = 0;
};

class EventLoop {
 public:
  static Result<std::unique_ptr<EventLoop>> make();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // `watcher` must outlive the watching of `fd`, which ends when its last copy is closed, and the
  // current round of events: see `dispose`. False: the kernel has no room for it.
  bool watch(int fd, Watcher& watcher);
  // For a socket that only accepts: told again as long as something waits.
  bool watch_level(int fd, Watcher& watcher);
  // For a descriptor of which others have copies.
  void unwatch(int fd);
  // Lets go of it when no event of this round can name it any more.
  void dispose(std::shared_ptr<void> thing);
  // Calls once, at the end of this round, or of the next one if it is called by a deferred call: to
  // give way to others. What it names must not be disposed of by a deferred call before.
  void defer(std::function<void()> call);
  // From any thread. Calls that come after `stop` are dropped.
  void post(std::function<void()> call);
  // Called about each `period`.
  void on_tick(std::chrono::milliseconds period, std::function<void()> call);

  void run();
  void stop();  // from any thread
  // When the current round began.
  Instant now() const { return now_; }

 private:
  EventLoop(int epoll, int wake) : epoll_(epoll), wake_(wake) {}
  bool add(int fd, Watcher* watcher, std::uint32_t events);
  void take_calls();
  void let_go();
  int wait_ms() const;

  int epoll_, wake_;
  Instant now_ = steady_now();
  Instant next_tick_ = now_;
  std::chrono::milliseconds period_{0};
  std::function<void()> tick_;
  std::vector<std::shared_ptr<void>> disposed_;
  std::vector<std::function<void()>> deferred_;
  bool stopped_ = false;

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by mutex_
};

}  // namespace slipway::gateway

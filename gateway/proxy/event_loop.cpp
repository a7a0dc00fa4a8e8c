#include "gateway/proxy/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace slipway::gateway {

Instant steady_now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

Result<std::unique_ptr<EventLoop>> EventLoop::make() {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const int wake = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::unique_ptr<EventLoop> loop(new EventLoop(epoll, wake));
  if (epoll < 0 || wake < 0 || !loop->add(wake, nullptr, EPOLLIN))
    return fail(Fault::Unavailable, std::string("cannot wait for events: ") + std::strerror(errno));
  return loop;
}

EventLoop::~EventLoop() {
  let_go();
  ::close(wake_);
  ::close(epoll_);
}

bool EventLoop::add(int fd, Watcher* watcher, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = watcher;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool EventLoop::watch(int fd, Watcher& watcher) {
  return add(fd, &watcher, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

bool EventLoop::watch_level(int fd, Watcher& watcher) {
  // Of several loops that wait for it, not all are woken.
  return add(fd, &watcher, EPOLLIN | EPOLLEXCLUSIVE);
}

void EventLoop::unwatch(int fd) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

// What goes may dispose of more.
void EventLoop::let_go() {
  while (!disposed_.empty()) {
    std::vector<std::shared_ptr<void>> going;
    going.swap(disposed_);
  }
}

void EventLoop::dispose(std::shared_ptr<void> thing) {
  disposed_.push_back(std::move(thing));
}

void EventLoop::defer(std::function<void()> call) {
  deferred_.push_back(std::move(call));
}

void EventLoop::post(std::function<void()> call) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(call));
  }
  const std::uint64_t one = 1;
  // It fails only where the counter is full: then the loop wakes anyway.
  if (::write(wake_, &one, sizeof one) < 0) return;
}

void EventLoop::on_tick(std::chrono::milliseconds period, std::function<void()> call) {
  period_ = period;
  tick_ = std::move(call);
  next_tick_ = now_ + period;
}

void EventLoop::stop() {
  post([this] { stopped_ = true; });
}

int EventLoop::wait_ms() const {
  if (!deferred_.empty()) return 0;
  if (!tick_) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_tick_ - steady_now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60000));
}

void EventLoop::take_calls() {
  std::uint64_t count = 0;
  if (::read(wake_, &count, sizeof count) < 0) return;
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(posted_);
  }
  for (const auto& call : calls) call();
}

void EventLoop::run() {
  std::array<epoll_event, 256> events{};
  while (!stopped_) {
    const int count = ::epoll_wait(epoll_, events.data(), int{events.size()}, wait_ms());
    now_ = steady_now();
    for (int i = 0; i < count; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      auto* watcher = static_cast<Watcher*>(event.data.ptr);
      if (watcher == nullptr) {
        take_calls();
        continue;
      }
      const bool failed = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
      const bool ended = failed || (event.events & EPOLLRDHUP) != 0;
      watcher->on_ready({(event.events & EPOLLIN) != 0 || ended,
                         (event.events & EPOLLOUT) != 0 || failed, ended});
    }
    if (tick_ && now_ >= next_tick_) {
      next_tick_ = now_ + period_;
      tick_();
    }
    // Last, so that whatever is disposed of before is still there. What is deferred from here on
    // belongs to the next round.
    std::vector<std::function<void()>> calls;
    calls.swap(deferred_);
    for (const auto& call : calls) call();
    let_go();
  }
}

}  // namespace slipway::gateway

#include "controller/kube/watcher.hpp"

#include <chrono>
#include <utility>

#include "controller/kube/status.hpp"
#include "crds/base/check.hpp"

namespace slipway::kube {
namespace {

constexpr Duration kPageTimeout = std::chrono::seconds(60);

Duration monotonic_now() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

Watcher::Watcher(WatchTarget target, Transport& transport, WatchSink sink, TroubleSink on_trouble)
    : target_(std::move(target)),
      transport_(transport),
      sink_(std::move(sink)),
      on_trouble_(std::move(on_trouble)),
      machine_(target_),
      random_(std::random_device{}()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

WatchHealth Watcher::health() const {
  const Duration now = monotonic_now();
  const std::lock_guard lock(mutex_);
  WatchHealth health = health_;
  if (synced_at_) health.since_sync = now - *synced_at_;
  if (heard_at_) health.since_byte = now - *heard_at_;
  return health;
}

void Watcher::run(const std::stop_token& stop) {
  step(Start{});
  while (!stop.stop_requested()) {
    const WatchOutput todo = *std::exchange(next_, std::nullopt);
    if (const auto* open = std::get_if<OpenStream>(&todo)) {
      stream(*open, stop);
    } else if (const auto* page = std::get_if<FetchPage>(&todo)) {
      fetch(*page);
    } else if (const auto* pause = std::get_if<Wait>(&todo)) {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, pause->time, [] { return false; });
      lock.unlock();
      step(TimerFired{});
    }
  }
}

void Watcher::renew(std::string why) {
  std::unique_lock lock(mutex_);
  renew_ = std::move(why);
  std::stop_source stream = stream_;
  lock.unlock();  // what is stopped may call into anything
  stream.request_stop();
}

void Watcher::stream(const OpenStream& open, const std::stop_token& stop) {
  std::stop_source closing;
  {
    const std::lock_guard lock(mutex_);
    stream_ = closing;
    if (renew_) closing.request_stop();
  }
  const std::stop_callback forward(stop, [&] { closing.request_stop(); });
  HttpRequest request;
  request.target = open.target;
  request.repeatable = true;
  Result<> how =
      transport_.stream(request, closing.get_token(), open.idle_limit, [&](std::string_view bytes) {
        if (closing.stop_requested()) return;
        step(Bytes{bytes});
        if (std::exchange(close_stream_, false)) closing.request_stop();
      });
  if (auto why = end_of_trust()) how = fail(Fault::Expired, *std::move(why));
  step(StreamEnded{std::move(how)});
}

std::optional<std::string> Watcher::end_of_trust() {
  const std::lock_guard lock(mutex_);
  stream_ = std::stop_source(std::nostopstate);
  return std::exchange(renew_, std::nullopt);
}

void Watcher::fetch(const FetchPage& page) {
  HttpRequest request;
  request.target = page.target;
  request.repeatable = true;
  const Result<HttpResponse> response = checked(transport_.send(request, kPageTimeout));
  if (response)
    step(PageArrived{std::string_view(response->body)});
  else
    step(PageArrived{tl::unexpected(response.error())});
}

void Watcher::step(decltype(WatchInput::what) what) {
  const bool heard =
      std::holds_alternative<Bytes>(what) ||
      (std::holds_alternative<PageArrived>(what) && std::get<PageArrived>(what).body);
  const double random = std::uniform_real_distribution<double>(0, 1)(random_);
  const auto& outputs = machine_.step({std::move(what), monotonic_now(), random});
  std::uint64_t events = 0;
  bool good = true;
  for (const WatchOutput& output : outputs) {
    if (const auto* seen = std::get_if<Seen>(&output)) {
      ++events;
      sink_(*seen);
    } else if (const auto* begin = std::get_if<SetBegin>(&output)) {
      sink_(*begin);
    } else if (const auto* end = std::get_if<SetEnd>(&output)) {
      sink_(*end);
      note_sync();
    } else if (const auto* trouble = std::get_if<Trouble>(&output)) {
      note_trouble(trouble->error);
      good = false;
    } else if (std::holds_alternative<CloseStream>(output)) {
      close_stream_ = true;
    } else {
      SLIPWAY_CHECK(!next_, "the machine asks for one thing at a time");
      next_ = output;
    }
  }
  if (heard) note_bytes(events, good);
}

void Watcher::note_bytes(std::uint64_t events, bool good) {
  const std::lock_guard lock(mutex_);
  heard_at_ = monotonic_now();
  health_.events += events;
  health_.version = machine_.version();
  if (good) health_.last_trouble.clear();
}

void Watcher::note_sync() {
  const std::lock_guard lock(mutex_);
  health_.synced = true;
  synced_at_ = monotonic_now();
}

void Watcher::note_trouble(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    ++health_.troubles;
    health_.last_trouble = error.what;
  }
  if (on_trouble_) on_trouble_(target_, error);
}

}  // namespace slipway::kube

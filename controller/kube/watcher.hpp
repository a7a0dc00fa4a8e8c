// The blocking shell around `WatchMachine`: one thread that moves bytes from a transport into the
// machine and events from it into a sink. The sink runs on that thread only. Transport and sink
// must outlive the watcher; its destructor stops and joins the thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>

#include "controller/kube/transport.hpp"
#include "controller/kube/watch.hpp"

namespace slipway::kube {

struct WatchHealth {
  bool synced = false;
  std::optional<Duration> since_sync;  // since the last complete set
  std::optional<Duration> since_byte;  // since the server last said anything
  std::uint64_t events = 0;
  std::uint64_t troubles = 0;
  std::string last_trouble;  // empty when the server has said something good since
  std::string version;       // everything up to here was told; empty before the first set
};

using WatchEvent = std::variant<SetBegin, Seen, SetEnd>;
using WatchSink = std::function<void(const WatchEvent&)>;
using TroubleSink = std::function<void(const WatchTarget&, const Error&)>;

class Watcher {
 public:
  // Starts at once. `on_trouble` (may be empty) is for logs; it runs on the watcher's thread.
  Watcher(WatchTarget target, Transport& transport, WatchSink sink, TroubleSink on_trouble = {});

  WatchHealth health() const;  // from any thread
  // What the watch has told is not true: it starts over with a new set, as when its version had
  // expired. From any thread; `why` becomes a trouble.
  void renew(std::string why);

 private:
  void run(const std::stop_token& stop);
  void stream(const OpenStream& open, const std::stop_token& stop);
  // Why the stream that has ended must be followed by a new set, if somebody asked for one.
  std::optional<std::string> end_of_trust();
  void fetch(const FetchPage& page);
  void step(decltype(WatchInput::what) what);
  void note_bytes(std::uint64_t events, bool good);
  void note_sync();
  void note_trouble(const Error& error);

  const WatchTarget target_;
  Transport& transport_;
  const WatchSink sink_;
  const TroubleSink on_trouble_;

  // Only the thread touches these.
  WatchMachine machine_;
  std::mt19937_64 random_;
  std::optional<WatchOutput> next_;  // OpenStream, FetchPage or Wait
  bool close_stream_ = false;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  WatchHealth health_;  // guarded by `mutex_`, as those below
  std::optional<Duration> synced_at_;
  std::optional<Duration> heard_at_;
  std::stop_source stream_{std::nostopstate};  // ends the open stream
  std::optional<std::string> renew_;           // asked for, and not yet done

  std::jthread thread_;  // last: everything above outlives it
};

}  // namespace slipway::kube

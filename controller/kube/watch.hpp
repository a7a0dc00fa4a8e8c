// How the current set of one resource is followed: a machine without threads, sockets or clocks.
// Bytes and timers go in, requests and events come out; `Watcher` moves them over the network, the
// simulator does the same in virtual time. Used by one thread at a time.
//
// A set is replaced as a whole (SetBegin, Seen..., SetEnd) and then changes one event at a time. An
// unfinished set says nothing: SetBegin drops it. Whoever holds the objects derives deletions as
// the difference at SetEnd, and keeps the old set readable until then.
// Sources: kubernetes.io/docs/reference/using-api/api-concepts (watch, streaming lists, 410 Gone),
// KEP-3157 (WatchList); numbers as in client-go's reflector.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "controller/kube/resource.hpp"
#include "controller/kube/watch_parser.hpp"
#include "crds/base/result.hpp"
#include "crds/base/time.hpp"

namespace slipway::kube {

struct WatchTarget {
  Resource resource;
  std::string ns;              // empty: all namespaces
  std::string label_selector;  // empty: every object
  std::string name{};          // of the only object to follow; empty: all of them
};

// Inputs.
struct Start {};
struct Bytes {
  std::string_view data;  // of the open stream, cut anywhere
};
struct StreamEnded {
  Result<> how;
};
struct PageArrived {
  Result<std::string_view> body;  // a 2xx body, or the error that the answer stands for
};
struct TimerFired {};

struct WatchInput {
  std::variant<Start, Bytes, StreamEnded, PageArrived, TimerFired> what;
  Duration now{};     // monotonic, from any fixed start
  double random = 0;  // uniform in [0, 1)
};

// Outputs: at most one of the first four per step, and always the last one.
struct OpenStream {
  std::string target;
  Duration idle_limit{};
};
struct FetchPage {
  std::string target;
};
struct Wait {
  Duration time{};  // then send TimerFired
};
struct CloseStream {};  // then send StreamEnded, and no more Bytes
struct SetBegin {};
struct Seen {
  Change change = Change::Added;
  // The object's JSON, followed by at least `kJsonPadding` readable bytes, so that simdjson may
  // parse it in place. Valid until the next `step`.
  std::string_view object;
};
// The set is complete: in sync. `version` is the state that the set was taken from: what is missing
// from it but newer than that was made since. A copy: events behind the set, in the same bytes,
// move the machine's own version on.
struct SetEnd {
  std::string version;
};
struct Trouble {
  Error error;  // for logs and health; the machine goes on by itself
};

using WatchOutput =
    std::variant<OpenStream, FetchPage, Wait, CloseStream, SetBegin, Seen, SetEnd, Trouble>;

// Grows from 0.8 s by 2 to 30 s, plus up to as much again at random; starts over after 120 s
// without a failure.
class Backoff {
 public:
  Duration next(Duration now, double random);

 private:
  Duration base_{};
  Duration last_{};
};

class WatchMachine {
 public:
  explicit WatchMachine(WatchTarget target);

  // REQUIRES: inputs follow outputs (Start first; Bytes and StreamEnded only after OpenStream,
  // ...). The outputs stay valid until the next call.
  const std::vector<WatchOutput>& step(const WatchInput& input);

  bool synced() const { return synced_; }
  // The version that a new watch would start from; empty before the first set is complete.
  const std::string& version() const { return version_; }

 private:
  enum class Phase { StreamedSet, PagedSet, Watching };

  void on(const Start&, const WatchInput& input);
  void on(const Bytes& bytes, const WatchInput& input);
  void on(const StreamEnded& ended, const WatchInput& input);
  void on(const PageArrived& page, const WatchInput& input);
  void on(const TimerFired&, const WatchInput& input);

  void take(const WatchFrame& frame);
  void take_bookmark(const WatchFrame& frame);
  void give_up_stream(Error why);
  void after_failure(Error why, const WatchInput& input);
  void restart_set();
  void finish_set(std::string version);
  void progress();
  void request_next(const WatchInput& input);
  std::string url(const std::string& query) const;

  WatchTarget target_;
  WatchParser parser_;
  Backoff backoff_;
  Phase phase_ = Phase::StreamedSet;
  std::string version_;
  std::string continue_;       // of the next page, when paging
  bool streamed_sets_ = true;  // until the server refuses WatchList
  bool synced_ = false;        // at least one set was completed
  bool closing_ = false;       // CloseStream was sent
  bool progressed_ = false;    // the open stream moved us on
  Duration opened_{};
  std::optional<Error> stream_error_;      // what the stream was closed for
  std::optional<Duration> failing_since_;  // streams have been closed for errors since then
  std::optional<Duration> last_expiry_;
  std::vector<WatchOutput> outputs_;
};

}  // namespace slipway::kube

#include "controller/kube/watch.hpp"

#include <algorithm>

#include "controller/kube/status.hpp"
#include "crds/base/utf8.hpp"

namespace slipway::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kFirstBackoff = milliseconds(800);
constexpr Duration kMaxBackoff = seconds(30);
constexpr Duration kBackoffReset = seconds(120);
// Watches that all end at the same moment would all start again at the same moment.
constexpr Duration kMinWatch = seconds(300);
constexpr Duration kMaxWatch = seconds(600);
constexpr Duration kIdleMargin = seconds(5);
// A stream that ends sooner without having moved us is a failure, whatever it says.
constexpr Duration kMinLife = seconds(1);
// A version that expires again so soon is no accident of a slow client.
constexpr Duration kExpiryPause = seconds(30);
// How long server errors are answered by asking for the same version again.
constexpr Duration kPatience = seconds(60);
constexpr int kPageSize = 500;
constexpr std::size_t kShown = 120;  // of a text that should be short

Error error(Fault fault, std::string what) {
  return Error{fault, std::move(what), std::nullopt};
}

}  // namespace

Duration Backoff::next(Duration now, double random) {
  const bool fresh = base_ == Duration{} || now - last_ > kBackoffReset;
  base_ = fresh ? kFirstBackoff : std::min(2 * base_, kMaxBackoff);
  const auto jitter = static_cast<Duration::rep>(random * static_cast<double>(base_.count()));
  const Duration pause = base_ + Duration(jitter);
  last_ = now + pause;
  return pause;
}

WatchMachine::WatchMachine(WatchTarget target) : target_(std::move(target)) {}

const std::vector<WatchOutput>& WatchMachine::step(const WatchInput& input) {
  outputs_.clear();
  std::visit([&](const auto& what) { on(what, input); }, input.what);
  return outputs_;
}

void WatchMachine::on(const Start&, const WatchInput& input) {
  request_next(input);
}

void WatchMachine::on(const TimerFired&, const WatchInput& input) {
  request_next(input);
}

void WatchMachine::on(const Bytes& bytes, const WatchInput&) {
  if (closing_) return;
  parser_.push(bytes.data);
  while (!closing_) {
    auto frame = parser_.next();
    if (!frame) return give_up_stream(std::move(frame).error());
    if (!*frame) return;
    take(**frame);
  }
}

void WatchMachine::take(const WatchFrame& frame) {
  using Type = WatchFrame::Type;
  if (frame.type == Type::Error) return give_up_stream(status_error(frame.object));
  if (frame.version.empty() || frame.kind != target_.resource.kind) {
    outputs_.emplace_back(
        Trouble{error(Fault::Malformed, "skipped an event for '" + readable(frame.kind, kShown) +
                                            "', version '" + readable(frame.version, kShown) +
                                            "', in a watch of " + target_.resource.plural)});
    return;
  }
  if (frame.type == Type::Bookmark) return take_bookmark(frame);

  const Change change = frame.type == Type::Added      ? Change::Added
                        : frame.type == Type::Modified ? Change::Modified
                                                       : Change::Deleted;
  outputs_.emplace_back(Seen{change, frame.object});
  progress();
  // Objects of a set come in any order of versions: none of them is a place to go on from.
  if (phase_ == Phase::Watching) version_ = frame.version;
}

void WatchMachine::take_bookmark(const WatchFrame& frame) {
  if (phase_ == Phase::Watching) {
    version_ = frame.version;
    progress();
  } else if (frame.initial_events_end) {
    finish_set(frame.version);
  }
}

void WatchMachine::give_up_stream(Error why) {
  closing_ = true;
  stream_error_ = std::move(why);
  outputs_.emplace_back(CloseStream{});
}

void WatchMachine::on(const StreamEnded& ended, const WatchInput& input) {
  parser_.reset();
  closing_ = false;
  if (stream_error_) {
    failing_since_ = failing_since_.value_or(input.now);
    // The server is asked for the same version for a while, because starting over is what a
    // struggling server can bear least; then the version itself may be what it stumbles over.
    if (input.now - *failing_since_ > kPatience) restart_set();
    return after_failure(*std::exchange(stream_error_, std::nullopt), input);
  }
  if (!ended.how) return after_failure(ended.how.error(), input);
  if (phase_ == Phase::StreamedSet)
    return after_failure(error(Fault::Unavailable, "the stream ended before its set was complete"),
                         input);
  if (!progressed_ && input.now - opened_ < kMinLife)
    return after_failure(error(Fault::Unavailable, "the watch ended at once"), input);
  request_next(input);
}

void WatchMachine::on(const PageArrived& arrived, const WatchInput& input) {
  if (!arrived.body) {
    // The snapshot that the pages belong to is gone: a half set says nothing.
    if (arrived.body.error().fault == Fault::Expired) continue_.clear();
    return after_failure(arrived.body.error(), input);
  }
  auto page = parser_.page(*arrived.body);
  if (!page) return after_failure(std::move(page).error(), input);

  if (continue_.empty()) outputs_.emplace_back(SetBegin{});
  for (const std::string_view item : page->items) outputs_.emplace_back(Seen{Change::Added, item});
  continue_ = std::move(page->continue_token);
  if (continue_.empty()) finish_set(std::move(page->version));
  request_next(input);
}

void WatchMachine::after_failure(Error why, const WatchInput& input) {
  Duration pause = backoff_.next(input.now, input.random);
  if (why.retry_after) pause = std::max(pause, *why.retry_after);

  switch (why.fault) {
    case Fault::Expired:
      if (!last_expiry_ || input.now - *last_expiry_ > kExpiryPause) pause = Duration{};
      last_expiry_ = input.now;
      restart_set();
      break;
    case Fault::NotFound:  // the kind itself is gone: when it comes back its versions start anew
      restart_set();
      break;
    case Fault::Invalid:
      if (phase_ == Phase::StreamedSet) {  // a server without WatchList
        streamed_sets_ = false;
        pause = Duration{};
      }
      restart_set();
      break;
    default:  // the same request again
      break;
  }
  outputs_.emplace_back(Trouble{std::move(why)});
  if (pause == Duration{}) return request_next(input);
  outputs_.emplace_back(Wait{pause});
}

void WatchMachine::restart_set() {
  phase_ = streamed_sets_ ? Phase::StreamedSet : Phase::PagedSet;
  continue_.clear();
}

void WatchMachine::finish_set(std::string version) {
  version_ = std::move(version);
  phase_ = Phase::Watching;
  synced_ = true;
  progress();
  outputs_.emplace_back(SetEnd{version_});
}

void WatchMachine::progress() {
  progressed_ = true;
  failing_since_.reset();
}

void WatchMachine::request_next(const WatchInput& input) {
  if (phase_ == Phase::PagedSet) {
    std::string query = "limit=" + std::to_string(kPageSize);
    if (!continue_.empty()) query += "&continue=" + url_escape(continue_);
    outputs_.emplace_back(FetchPage{url(query)});
    return;
  }
  const auto spread = static_cast<double>((kMaxWatch - kMinWatch).count());
  const auto timeout = std::chrono::duration_cast<seconds>(
      kMinWatch + Duration(static_cast<Duration::rep>(input.random * spread)));
  // No version in a set's request: the set is then as new as a read from etcd, never older than
  // what an earlier life of this process has seen.
  const std::string from =
      phase_ == Phase::StreamedSet
          ? "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion="
          : "resourceVersion=" + url_escape(version_);
  if (phase_ == Phase::StreamedSet) outputs_.emplace_back(SetBegin{});
  opened_ = input.now;
  progressed_ = false;
  outputs_.emplace_back(OpenStream{url("watch=1&allowWatchBookmarks=true&timeoutSeconds=" +
                                       std::to_string(timeout.count()) + "&" + from),
                                   timeout + kIdleMargin});
}

std::string WatchMachine::url(const std::string& query) const {
  std::string text = collection_path(target_.resource, target_.ns) + "?" + query;
  if (!target_.label_selector.empty())
    text += "&labelSelector=" + url_escape(target_.label_selector);
  if (!target_.name.empty())
    text += "&fieldSelector=" + url_escape("metadata.name=" + target_.name);
  return text;
}

}  // namespace slipway::kube

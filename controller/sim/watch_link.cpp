#include "controller/sim/watch_link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace slipway::sim {
namespace {

using std::chrono::seconds;

// The machine's idle limit is this much longer than the timeout that it asks the server for.
constexpr Duration kIdleMargin = seconds(5);

const char* name_of(kube::Change change) {
  switch (change) {
    case kube::Change::Added:
      return "ADDED";
    case kube::Change::Modified:
      return "MODIFIED";
    case kube::Change::Deleted:
      return "DELETED";
  }
  return "?";
}

// Where in the cluster an event is about, for the trace.
std::string place_of(std::string_view object) {
  const Json json = Json::parse(object);
  const Json& metadata = json.at("metadata");
  return fmt::format("{}/{} @{}", metadata.value("namespace", ""), metadata.value("name", ""),
                     metadata.value("resourceVersion", ""));
}

}  // namespace

WatchLink::WatchLink(const kube::WatchTarget& target, SimApiServer& server, Random& random,
                     const Voice& voice, const Faults& faults, Sink sink)
    : target_(target),
      server_(server),
      random_(random),
      voice_(voice),
      faults_(faults),
      sink_(std::move(sink)),
      machine_(target) {}

kube::WatchInput WatchLink::input(Duration now, decltype(kube::WatchInput::what) what) {
  return {std::move(what), now, random_.unit()};
}

void WatchLink::say(const std::string& what) {
  if (voice_.on()) voice_.add("watch", target_.resource.plural + ": " + what);
}

void WatchLink::start(Duration now) {
  feed(input(now, kube::Start{}));
}

void WatchLink::feed(kube::WatchInput first) {
  std::optional<kube::WatchInput> next = std::move(first);
  while (next) {
    const Duration now = next->now;
    next = react(machine_.step(*next), now);
  }
}

std::optional<kube::WatchInput> WatchLink::react(const std::vector<kube::WatchOutput>& outputs,
                                                 Duration now) {
  std::optional<kube::OpenStream> open_stream;
  std::optional<kube::FetchPage> fetch_page;
  bool close = false;
  for (const kube::WatchOutput& output : outputs) {
    if (const auto* seen = std::get_if<kube::Seen>(&output)) {
      if (voice_.on()) say(fmt::format("{} {}", name_of(seen->change), place_of(seen->object)));
      sink_(*seen);
    } else if (std::holds_alternative<kube::SetBegin>(output)) {
      say("a set begins");
      sink_(kube::SetBegin{});
    } else if (const auto* end = std::get_if<kube::SetEnd>(&output)) {
      say("the set is complete");
      sink_(*end);
    } else if (const auto* trouble = std::get_if<kube::Trouble>(&output)) {
      say("trouble: " + trouble->error.what);
    } else if (const auto* request = std::get_if<kube::OpenStream>(&output)) {
      open_stream = *request;
    } else if (const auto* page = std::get_if<kube::FetchPage>(&output)) {
      fetch_page = *page;
    } else if (const auto* pause = std::get_if<kube::Wait>(&output)) {
      wakes_ = now + pause->time;
    } else if (std::holds_alternative<kube::CloseStream>(output)) {
      close = true;
    }
  }
  if (open_stream) return open(*open_stream, now);
  if (fetch_page) return fetch(*fetch_page, now);
  if (!close) return std::nullopt;
  stream_.reset();
  return input(now, kube::StreamEnded{});
}

std::optional<kube::WatchInput> WatchLink::open(const kube::OpenStream& request, Duration now) {
  const auto refuse = [&](Fault fault, const char* what) {
    return input(now, kube::StreamEnded{fail(fault, what)});
  };
  if (now < cut_off_until_) return refuse(Fault::Unavailable, "no route to host");
  if (!faults_.watch_list && request.target.find("sendInitialEvents") != std::string::npos)
    return refuse(Fault::Invalid, "sendInitialEvents is forbidden for watch");
  if (random_.chance(faults_.watch)) {
    switch (random_.below(4)) {
      case 0:
        return refuse(Fault::Throttled, "429 TooManyRequests");
      case 1:
        return refuse(Fault::Unavailable, "connection refused");
      case 2:
        return refuse(Fault::Unavailable, "500 InternalError");
      default:
        return refuse(Fault::Expired, "410 Gone");
    }
  }
  Result<WatchStream> stream = server_.open_watch(request.target);
  if (!stream) return input(now, kube::StreamEnded{tl::unexpected<Error>(stream.error())});
  stream_ = *std::move(stream);
  last_line_.clear();
  stream_ends_ = now + request.idle_limit - kIdleMargin;
  return std::nullopt;
}

kube::WatchInput WatchLink::fetch(const kube::FetchPage& request, Duration now) {
  if (now < cut_off_until_)
    return input(now, kube::PageArrived{fail(Fault::Unavailable, "no route to host")});
  if (random_.chance(faults_.watch))
    return input(now, kube::PageArrived{fail(Fault::Expired, "410 Gone")});
  Result<std::string> page = server_.list_page(request.target);
  if (!page) return input(now, kube::PageArrived{tl::unexpected<Error>(page.error())});
  page_ = *std::move(page);
  return input(now, kube::PageArrived{std::string_view(page_)});
}

bool WatchLink::step(Duration now) {
  if (wakes_) {
    if (now < *wakes_) return false;
    wakes_.reset();
    feed(input(now, kube::TimerFired{}));
    return true;
  }
  if (!stream_) return false;
  if (now >= stream_ends_) {
    stream_.reset();
    say("the server ends the stream");
    feed(input(now, kube::StreamEnded{}));
    return true;
  }
  if (now < stalled_until_ || !stream_->has_line()) return false;
  last_line_ = stream_->next_line();
  const std::size_t cut = random_.below(last_line_.size() + 1);
  const std::string_view line = last_line_;
  feed(input(now, kube::Bytes{line.substr(0, cut)}));
  if (stream_) feed(input(now, kube::Bytes{line.substr(cut)}));
  return true;
}

void WatchLink::disturb(Duration now) {
  if (!stream_) return;
  switch (random_.below(5)) {
    case 0: {  // cut in the middle of a line
      const std::string line = stream_->has_line() ? stream_->next_line() : last_line_;
      feed(input(now, kube::Bytes{std::string_view(line).substr(0, line.size() / 2)}));
      if (!stream_) return;
      stream_.reset();
      say("the connection breaks");
      feed(input(now, kube::StreamEnded{fail(Fault::Unavailable, "connection reset by peer")}));
      return;
    }
    case 1:
      stream_.reset();
      say("the server ends the stream early");
      feed(input(now, kube::StreamEnded{}));
      return;
    case 2:
      if (last_line_.empty()) return;
      say("the last event comes again");
      feed(input(now, kube::Bytes{last_line_}));
      return;
    case 3:
      say("Gone, inside of the stream");
      feed(input(now, kube::Bytes{expired_line()}));
      return;
    default:
      say("stalls");
      stall(now + seconds(random_.between(1, 40)));
      return;
  }
}

std::optional<Duration> WatchLink::next_due() const {
  if (wakes_) return wakes_;
  if (!stream_) return std::nullopt;
  if (stream_->has_line()) return std::min(stalled_until_, stream_ends_);
  return stream_ends_;
}

}  // namespace slipway::sim

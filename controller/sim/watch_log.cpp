#include "controller/sim/watch_log.hpp"

#include <algorithm>
#include <utility>

namespace slipway::sim {
namespace {

bool matches_or_null(const Filter& filter, const std::shared_ptr<const Json>& object) {
  return object != nullptr && filter.matches(*object);
}

// What an entry is to a watcher with `filter`; empty if it is nothing.
std::string type_for(const LogEntry& entry, const Filter& filter) {
  const bool now = filter.matches(*entry.object);
  const bool before = matches_or_null(filter, entry.before);
  if (entry.type == "DELETED") return before ? "DELETED" : "";
  if (now) return before ? "MODIFIED" : "ADDED";
  return before ? "DELETED" : "";
}

}  // namespace

bool Filter::matches(const Json& object) const {
  const Json& metadata = object.at("metadata");
  if (!ns.empty() && metadata.value("namespace", "") != ns) return false;
  if (!name.empty() && metadata.value("name", "") != name) return false;
  const auto found = metadata.find("labels");
  return std::ranges::all_of(labels, [&](const auto& wanted) {
    if (found == metadata.end()) return false;
    const auto label = found->find(wanted.first);
    return label != found->end() && (!wanted.second || *label == *wanted.second);
  });
}

std::optional<Filter> parse_selector(std::string_view selector) {
  Filter filter;
  while (!selector.empty()) {
    const std::size_t comma = std::min(selector.find(','), selector.size());
    const std::string_view term = selector.substr(0, comma);
    selector.remove_prefix(std::min(comma + 1, selector.size()));
    if (term.empty() || term.find_first_of("!()<> ") != std::string_view::npos) return std::nullopt;
    const std::size_t equals = term.find('=');
    if (equals == std::string_view::npos) {
      filter.labels.emplace(term, std::nullopt);
    } else {
      filter.labels.emplace(term.substr(0, equals), std::string(term.substr(equals + 1)));
    }
  }
  return filter;
}

void WatchLog::append(LogEntry entry) {
  entries_.push_back(std::move(entry));
}

void WatchLog::compact(std::uint64_t version) {
  compacted_ = std::max(compacted_, version);
  while (!entries_.empty() && entries_.front().version <= compacted_) {
    entries_.pop_front();
    ++first_;
  }
}

std::size_t WatchLog::after(std::uint64_t version) const {
  const auto later = std::ranges::upper_bound(entries_, version, {}, &LogEntry::version);
  return first_ + static_cast<std::size_t>(later - entries_.begin());
}

WatchStream::WatchStream(const WatchLog& log, Filter filter, std::deque<std::string> initial,
                         std::size_t next)
    : log_(&log), filter_(std::move(filter)), initial_(std::move(initial)), next_(next) {}

bool WatchStream::has_line() const {
  if (!initial_.empty() || next_ < log_->first()) return true;
  for (scanned_ = std::max(scanned_, next_); scanned_ < log_->end(); ++scanned_) {
    if (!type_for(log_->at(scanned_), filter_).empty()) return true;
  }
  return false;
}

std::string WatchStream::next_line() {
  if (!initial_.empty()) {
    std::string line = std::move(initial_.front());
    initial_.pop_front();
    return line;
  }
  if (next_ < log_->first()) {
    next_ = log_->end();
    return expired_line();
  }
  while (next_ < log_->end()) {
    const LogEntry& entry = log_->at(next_++);
    const std::string type = type_for(entry, filter_);
    if (type.empty()) continue;
    if (type != "DELETED" || entry.type == "DELETED") return event_line(type, *entry.object);
    // It is shown as it was when the watcher still saw it, in the version of its leaving.
    Json last = *entry.before;
    last["metadata"]["resourceVersion"] = std::to_string(entry.version);
    return event_line(type, last);
  }
  return {};
}

std::string event_line(std::string_view type, const Json& object) {
  std::string line = R"({"type":")";
  line.append(type).append(R"(","object":)").append(object.dump()).append("}\n");
  return line;
}

std::string bookmark_line(const std::string& api_version, const std::string& kind,
                          std::uint64_t version, bool initial_events_end) {
  Json metadata{{"resourceVersion", std::to_string(version)}, {"creationTimestamp", nullptr}};
  if (initial_events_end) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  return event_line(
      "BOOKMARK",
      Json{{"kind", kind}, {"apiVersion", api_version}, {"metadata", std::move(metadata)}});
}

std::string expired_line() {
  return event_line("ERROR", Json{{"kind", "Status"},
                                  {"apiVersion", "v1"},
                                  {"metadata", Json::object()},
                                  {"status", "Failure"},
                                  {"message", "too old resource version"},
                                  {"reason", "Expired"},
                                  {"code", 410}});
}

}  // namespace slipway::sim

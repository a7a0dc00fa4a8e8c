// What happened to the objects of one resource, in order, and streams that read it: the server's
// half of the watch protocol. Used by one thread. A log must outlive its streams.
// Source: kubernetes.io/docs/reference/using-api/api-concepts (watch, bookmarks, 410 Gone).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crds/base/json.hpp"
#include "crds/base/result.hpp"

namespace slipway::sim {

// Which objects a list or watch is about.
struct Filter {
  std::string ns;                                            // empty: all
  std::string name;                                          // the same
  std::map<std::string, std::optional<std::string>> labels;  // no value: the label exists
  bool matches(const Json& object) const;
};

// "a=b,c" ; nullopt for what this server does not know.
std::optional<Filter> parse_selector(std::string_view selector);

struct LogEntry {
  std::uint64_t version = 0;
  std::string type;  // ADDED, MODIFIED or DELETED
  std::shared_ptr<const Json> object;
  std::shared_ptr<const Json> before;  // null for ADDED
};

class WatchLog {
 public:
  void append(LogEntry entry);
  // Forgets everything up to and including `version`: older watches are Expired.
  void compact(std::uint64_t version);
  std::uint64_t compacted() const { return compacted_; }

  // Entries are numbered for ever; the first one still held.
  std::size_t first() const { return first_; }
  std::size_t end() const { return first_ + entries_.size(); }
  const LogEntry& at(std::size_t number) const { return entries_.at(number - first_); }
  std::size_t after(std::uint64_t version) const;

 private:
  std::deque<LogEntry> entries_;
  std::size_t first_ = 0;
  std::uint64_t compacted_ = 0;
};

// One open watch. Lines are made when they are read, so a stream that is read slowly lags.
class WatchStream {
 public:
  WatchStream(const WatchLog& log, Filter filter, std::deque<std::string> initial,
              std::size_t next);

  bool has_line() const;
  // The next line with its line end; empty if the rest of the log is not about this filter.
  // An ERROR event after the log was compacted under a slow reader.
  std::string next_line();

 private:
  const WatchLog* log_;
  Filter filter_;
  std::deque<std::string> initial_;
  std::size_t next_;
  // What lies before it and not before `next_` is known not to be about this filter.
  mutable std::size_t scanned_ = 0;
};

std::string event_line(std::string_view type, const Json& object);
// The BOOKMARK that ends the initial events of a streamed list, or a plain one.
std::string bookmark_line(const std::string& api_version, const std::string& kind,
                          std::uint64_t version, bool initial_events_end);
std::string expired_line();

}  // namespace slipway::sim

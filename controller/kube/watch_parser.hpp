// Cuts a watch stream into frames (one JSON object per line) and looks into each just far enough
// to follow the protocol; the objects themselves are passed on as bytes. Used by one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crds/base/result.hpp"

namespace slipway::kube {

enum class Change { Added, Modified, Deleted };

// simdjson reads up to this many bytes behind its input (SIMDJSON_PADDING).
inline constexpr std::size_t kJsonPadding = 64;

// The server refuses objects above 3 MiB; what is larger than this is no Kubernetes event.
inline constexpr std::size_t kMaxFrame = 8u << 20;

struct WatchFrame {
  enum class Type { Added, Modified, Deleted, Bookmark, Error };
  Type type = Type::Added;
  std::string_view object;  // raw JSON, padded; valid until the next `push`
  std::string kind;         // empty when the object has none
  std::string version;      // metadata.resourceVersion; empty when the object has none
  bool initial_events_end = false;
};

struct ListPage {
  std::string version;
  std::string continue_token;
  std::vector<std::string_view> items;  // raw JSON, padded; valid until the next `push`
};

class WatchParser {
 public:
  WatchParser();
  ~WatchParser();
  WatchParser(const WatchParser&) = delete;
  WatchParser& operator=(const WatchParser&) = delete;

  // Appends bytes of a stream. Ends the life of every view handed out before.
  void push(std::string_view bytes);
  // The next complete line; nullopt when more bytes are needed. Malformed for a line that is not
  // an event or is too long: the stream cannot be trusted any further.
  Result<std::optional<WatchFrame>> next();
  // Forgets what is buffered: a partial line of a stream that ended.
  void reset();

  // Replaces the buffer by a whole list and takes it apart.
  Result<ListPage> page(std::string_view body);

 private:
  struct Json;  // keeps simdjson out of this header
  Result<WatchFrame> look_into(std::string_view line);

  std::unique_ptr<Json> json_;
  std::vector<char> buffer_;  // [begin_, end_) is unread, then kJsonPadding bytes
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t scanned_ = 0;  // no line end in [begin_, scanned_)
};

}  // namespace slipway::kube

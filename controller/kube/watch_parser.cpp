#include "controller/kube/watch_parser.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "crds/base/utf8.hpp"

namespace slipway::kube {
namespace {

namespace json = simdjson::ondemand;

static_assert(kJsonPadding >= simdjson::SIMDJSON_PADDING);

// Buffers above this are given back once their content is gone: a big list must not stay resident.
constexpr std::size_t kKeptBuffer = 1u << 20;

// Whether the text itself is broken; otherwise a member is only missing or of another type. After
// this, nothing that was reached in the document may be touched again.
bool is_broken(simdjson::error_code error) {
  return error && error != simdjson::NO_SUCH_FIELD && error != simdjson::INCORRECT_TYPE;
}

// While it skips an object, simdjson counts brackets without looking at their kind.
bool is_closed(std::string_view object) {
  return object.substr(0, object.find_last_not_of(" \t\r\n") + 1).ends_with('}');
}

// Leaves `text` as it is where there is no such text.
simdjson::error_code take_text(json::object& object, std::string_view key, std::string& text) {
  std::string_view found;
  const auto error = object.find_field_unordered(key).get_string().get(found);
  if (!error) text = found;
  return error;
}

std::optional<WatchFrame::Type> type_of(std::string_view name) {
  using Type = WatchFrame::Type;
  constexpr std::array<std::pair<std::string_view, Type>, 5> kTypes = {
      {{"ADDED", Type::Added},
       {"MODIFIED", Type::Modified},
       {"DELETED", Type::Deleted},
       {"BOOKMARK", Type::Bookmark},
       {"ERROR", Type::Error}}};
  const auto* found = std::ranges::find(kTypes, name, &std::pair<std::string_view, Type>::first);
  return found == kTypes.end() ? std::nullopt : std::optional(found->second);
}

// The annotation by which the server marks the end of the set (KEP-3157).
simdjson::error_code take_initial_events_end(json::object& metadata, bool& is_end) {
  json::object annotations;
  std::string text;
  const auto error = metadata.find_field_unordered("annotations").get_object().get(annotations);
  if (error) return error;
  const auto read = take_text(annotations, "k8s.io/initial-events-end", text);
  is_end = text == "true";
  return read;
}

tl::unexpected<Error> malformed(std::string_view what, std::string_view bytes) {
  constexpr std::size_t kShown = 120;
  std::string text(what);
  text.append(": ").append(readable(bytes, kShown));
  return fail(Fault::Malformed, text);
}

}  // namespace

struct WatchParser::Json {
  json::parser parser;
};

WatchParser::WatchParser() : json_(std::make_unique<Json>()), buffer_(kJsonPadding) {}
WatchParser::~WatchParser() = default;

void WatchParser::reset() {
  begin_ = end_ = scanned_ = 0;
  if (buffer_.size() <= kKeptBuffer) return;
  buffer_ = std::vector<char>(kJsonPadding);
  json_ = std::make_unique<Json>();
}

void WatchParser::push(std::string_view bytes) {
  if (begin_ == end_) {
    reset();
  } else if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    scanned_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < end_ + bytes.size() + kJsonPadding)
    buffer_.resize(std::max(2 * buffer_.size(), end_ + bytes.size() + kJsonPadding));
  std::memcpy(buffer_.data() + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

Result<std::optional<WatchFrame>> WatchParser::next() {
  while (true) {
    const char* const from = buffer_.data() + scanned_;
    const auto* const line_end = static_cast<const char*>(std::memchr(from, '\n', end_ - scanned_));
    const std::size_t stop =
        line_end == nullptr ? end_ : static_cast<std::size_t>(line_end - buffer_.data());
    const std::string_view line(buffer_.data() + begin_, stop - begin_);
    if (line.size() > kMaxFrame)
      return fail(Fault::Malformed,
                  "a watch event of more than " + std::to_string(kMaxFrame) + " bytes");
    scanned_ = stop;
    if (line_end == nullptr) return std::optional<WatchFrame>();

    begin_ = scanned_ = stop + 1;
    if (line.find_first_not_of(" \r\t") == std::string_view::npos) continue;
    return look_into(line).map([](WatchFrame&& frame) { return std::optional(std::move(frame)); });
  }
}

Result<WatchFrame> WatchParser::look_into(std::string_view line) {
  json::document document;
  json::object event;
  std::string_view type_name;
  const std::size_t readable = line.size() + kJsonPadding;
  if (json_->parser.iterate(simdjson::padded_string_view(line, readable)).get(document) ||
      document.get_object().get(event) ||
      event.find_field_unordered("type").get_string().get(type_name))
    return malformed("not a watch event", line);

  WatchFrame frame;
  const auto type = type_of(type_name);
  if (!type) return malformed("a watch event of unknown type", line);
  frame.type = *type;

  json::object object;
  json::object metadata;
  if (event.find_field_unordered("object").get_object().get(object) ||
      object.raw_json().get(frame.object) || object.reset().error() || !is_closed(frame.object))
    return malformed("a watch event without an object", line);
  if (is_broken(take_text(object, "kind", frame.kind))) return malformed("broken JSON", line);
  if (frame.type == WatchFrame::Type::Error) return frame;
  if (const auto error = object.find_field_unordered("metadata").get_object().get(metadata); error)
    return is_broken(error) ? malformed("broken JSON", line) : Result<WatchFrame>(frame);
  if (is_broken(take_text(metadata, "resourceVersion", frame.version)))
    return malformed("broken JSON", line);
  if (frame.type == WatchFrame::Type::Bookmark &&
      is_broken(take_initial_events_end(metadata, frame.initial_events_end)))
    return malformed("broken JSON", line);
  return frame;
}

Result<ListPage> WatchParser::page(std::string_view body) {
  reset();
  push(body);
  begin_ = scanned_ = end_;  // no stream: nothing is left to read

  json::document document;
  json::object metadata;
  json::array items;
  ListPage page;
  const std::string_view text(buffer_.data(), body.size());
  if (json_->parser.iterate(simdjson::padded_string_view(text, text.size() + kJsonPadding))
          .get(document) ||
      document.find_field_unordered("metadata").get_object().get(metadata))
    return malformed("not a list", text);
  if (is_broken(take_text(metadata, "resourceVersion", page.version)) ||
      is_broken(take_text(metadata, "continue", page.continue_token)))
    return malformed("broken JSON", text);
  if (page.version.empty()) return malformed("a list without a resourceVersion", text);
  // Whatever is no list of objects must not pass for an empty one: everything would seem deleted.
  json::value value;
  bool none = false;
  if (document.find_field_unordered("items").get(value) || value.is_null().get(none))
    return malformed("a list without items", text);
  if (none) return page;  // an empty list of an old server
  if (value.get_array().get(items)) return malformed("a list without items", text);
  for (auto item : items) {
    json::object object;
    std::string_view raw;
    if (item.get_object().get(object) || object.raw_json().get(raw) || !is_closed(raw))
      return malformed("a broken item in a list", text);
    page.items.push_back(raw);
  }
  return page;
}

}  // namespace slipway::kube

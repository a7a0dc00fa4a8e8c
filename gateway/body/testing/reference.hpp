// Test only: what a JSON parser of general use says about a body, to compare BodyScanner with.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "crds/base/json.hpp"
#include "gateway/body/body_scanner.hpp"

namespace slipway::body_reference {

struct Reference {
  bool valid = false;     // JSON, an object, not too deep
  bool doubtful = false;  // accepted by one and refused by the other on purpose
  Json value;
};

// Counts what BodyScanner refuses and a general parser does not.
class Watcher {
 public:
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start)
      too_deep |= depth >= body::kMaxDepth;
    if (event == Event::key) {
      if (depth == 1) in_options_ = parsed == "stream_options";
      if (depth == 1 || (depth == 2 && in_options_))
        twice |= ++keys_[std::to_string(depth) + parsed.get<std::string>()] > 1;
    }
    return true;
  }
  bool too_deep = false;
  bool twice = false;

 private:
  bool in_options_ = false;
  std::map<std::string, int> keys_;
};

inline Reference reference_of(std::string_view body) {
  Reference reference;
  // A mark of byte order, which RFC 8259 bans, and a NUL, at which the parser stops reading.
  if (body.starts_with("\xEF\xBB\xBF") || body.find('\0') != std::string_view::npos)
    return reference;
  Watcher watcher;
  try {
    reference.value = Json::parse(body, [&](int depth, Json::parse_event_t event, Json& parsed) {
      return watcher(depth, event, parsed);
    });
  } catch (const Json::out_of_range&) {
    reference.doubtful = true;  // a number that no double can hold
    return reference;
  } catch (const Json::exception&) {
    return reference;
  }
  reference.valid = reference.value.is_object() && !watcher.too_deep;
  reference.doubtful = watcher.twice;
  return reference;
}

inline bool absent(const Json& object, const char* key) {
  return !object.contains(key) || object[key].is_null();
}

inline bool is_text(const Json& object, const char* key) {
  return absent(object, key) || object[key].is_string();
}

inline bool is_bool(const Json& object, const char* key) {
  return absent(object, key) || object[key].is_boolean();
}

inline bool is_count(const Json& object, const char* key) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 63;
  if (absent(object, key)) return true;
  const Json& value = object[key];
  return value.is_number_unsigned() ? value.get<std::uint64_t>() <= kMost
                                    : value.is_number_integer();
}

// Whether the members of interest have the types that BodyScanner wants.
inline bool well_typed(const Json& body) {
  for (const char* key : {"model", "user", "prompt_cache_key"})
    if (!is_text(body, key)) return false;
  for (const char* key : {"max_tokens", "max_completion_tokens", "max_output_tokens", "n"})
    if (!is_count(body, key)) return false;
  if (!is_bool(body, "stream")) return false;
  if (absent(body, "stream_options")) return true;
  const Json& options = body["stream_options"];
  return options.is_object() && is_bool(options, "include_usage");
}

}  // namespace slipway::body_reference

// The JSON objects of tokens and key sets, read so that no two readers can differ about them: the
// whole text is checked, member names are unique at every depth (RFC 7515 section 4, RFC 8725
// section 2.6), and nesting is bounded. Not for request bodies (gateway/body): it builds a tree.
#pragma once

#include <simdjson.h>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace slipway::jwt {

class StrictJson {
 public:
  // nullopt for all that is not one JSON object in UTF-8.
  static std::optional<StrictJson> parse(std::string_view text);

  // Views into it live as long as this.
  const simdjson::dom::object& object() const { return object_; }

 private:
  StrictJson(std::unique_ptr<simdjson::dom::parser> parser, simdjson::dom::object object)
      : parser_(std::move(parser)), object_(object) {}

  std::unique_ptr<simdjson::dom::parser> parser_;  // holds what object_ points to
  simdjson::dom::object object_;
};

// A member by its exact name; nullopt where there is none.
std::optional<simdjson::dom::element> member(const simdjson::dom::object& object,
                                             std::string_view name);
// A string that is fit for logs and comparisons: no control characters, at most `most` bytes. That
// it is UTF-8 the parser has seen to.
std::optional<std::string_view> plain_text(const simdjson::dom::element& element, std::size_t most);

}  // namespace slipway::jwt

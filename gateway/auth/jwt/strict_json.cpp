#include "gateway/auth/jwt/strict_json.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace slipway::jwt {
namespace {

namespace dom = simdjson::dom;

// Far above what issuers nest; the walk below recurses as deep.
constexpr std::size_t kDeepest = 32;

bool has_unique_names(const dom::element& element);

bool has_unique_names(const dom::object& object) {
  std::vector<std::string_view> names;
  for (const dom::key_value_pair& pair : object) {
    names.push_back(pair.key);
    if (!has_unique_names(pair.value)) return false;
  }
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) == names.end();
}

bool has_unique_names(const dom::element& element) {
  dom::object object;
  if (!element.get(object)) return has_unique_names(object);
  dom::array array;
  if (element.get(array)) return true;
  return std::ranges::all_of(array.begin(), array.end(),
                             [](const dom::element& one) { return has_unique_names(one); });
}

}  // namespace

std::optional<StrictJson> StrictJson::parse(std::string_view text) {
  auto parser = std::make_unique<dom::parser>();
  if (parser->allocate(text.size(), kDeepest)) return std::nullopt;
  dom::object object;
  if (parser->parse(text.data(), text.size()).get(object)) return std::nullopt;
  if (!has_unique_names(object)) return std::nullopt;
  return StrictJson(std::move(parser), object);
}

std::optional<dom::element> member(const dom::object& object, std::string_view name) {
  dom::element found;
  if (object.at_key(name).get(found)) return std::nullopt;
  return found;
}

std::optional<std::string_view> plain_text(const dom::element& element, std::size_t most) {
  std::string_view text;
  if (element.get(text) || text.size() > most) return std::nullopt;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(text, is_control)) return std::nullopt;
  return text;
}

}  // namespace slipway::jwt

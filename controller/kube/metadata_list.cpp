#include "controller/kube/metadata_list.hpp"

#include <simdjson.h>

#include "crds/base/utf8.hpp"

namespace slipway::kube {
namespace {

namespace json = simdjson::ondemand;

tl::unexpected<Error> malformed(std::string_view what, std::string_view body) {
  constexpr std::size_t kShown = 120;
  return fail(Fault::Malformed, std::string(what).append(": ").append(readable(body, kShown)));
}

// A member that is not there is an empty text.
bool take_text(json::object& object, std::string_view key, std::string& text) {
  std::string_view found;
  const auto error = object.find_field_unordered(key).get_string().get(found);
  if (!error) text = found;
  return !error || error == simdjson::NO_SUCH_FIELD;
}

bool take_item(json::value item, ListedObject& out) {
  json::object metadata;
  return !item.find_field_unordered("metadata").get_object().get(metadata) &&
         take_text(metadata, "namespace", out.ns) && take_text(metadata, "name", out.name) &&
         take_text(metadata, "uid", out.uid) &&
         take_text(metadata, "resourceVersion", out.version) && !out.name.empty() &&
         !out.uid.empty() && !out.version.empty();
}

}  // namespace

Result<MetadataPage> read_metadata_page(std::string body) {
  const std::size_t size = body.size();
  body.resize(size + simdjson::SIMDJSON_PADDING);
  const std::string_view text(body.data(), size);
  json::parser parser;
  json::document document;
  json::object metadata;
  json::array items;
  MetadataPage page;
  if (parser.iterate(simdjson::padded_string_view(text, body.size())).get(document) ||
      document.find_field_unordered("metadata").get_object().get(metadata))
    return malformed("not a list", text);
  if (!take_text(metadata, "resourceVersion", page.version) ||
      !take_text(metadata, "continue", page.continue_token) || page.version.empty())
    return malformed("a list without a resourceVersion", text);
  json::value value;
  bool none = false;
  if (document.find_field_unordered("items").get(value) || value.is_null().get(none))
    return malformed("a list without items", text);
  if (none) return page;  // an empty list of metadata is written so
  if (value.get_array().get(items)) return malformed("a list without items", text);
  for (auto item : items) {
    json::value object;
    if (item.get(object) || !take_item(object, page.items.emplace_back()))
      return malformed("a broken item in a list", text);
  }
  return page;
}

}  // namespace slipway::kube

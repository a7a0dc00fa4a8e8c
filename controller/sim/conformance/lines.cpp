#include "controller/sim/conformance/lines.hpp"

#include <utility>

#include "controller/sim/field_paths.hpp"
#include "crds/base/check.hpp"

namespace slipway::sim {

const kube::Resource& resource_of(const ObjectRef& ref) {
  const kube::Resource* found = kube::find_resource(ref.api_version, ref.kind);
  SLIPWAY_CHECK(found != nullptr, "scripts are about known kinds");
  return *found;
}

std::string watch_target(const ObjectRef& like, const std::string& selector,
                         const std::string& version) {
  std::string target = kube::collection_path(resource_of(like), like.namespace_) +
                       "?watch=1&timeoutSeconds=20&resourceVersion=" + version;
  if (!selector.empty()) target += "&labelSelector=" + kube::url_escape(selector);
  return target;
}

Result<std::vector<Json>> read_pages(
    const ObjectRef& like, const std::string& selector,
    const std::function<Result<std::string>(const std::string&)>& page) {
  std::vector<Json> items;
  std::string more;
  do {
    std::string target = kube::collection_path(resource_of(like), like.namespace_) +
                         "?limit=2&labelSelector=" + kube::url_escape(selector);
    if (!more.empty()) target += "&continue=" + kube::url_escape(more);
    const auto text = page(target);
    if (!text) return tl::unexpected(text.error());
    Json list = Json::parse(*text, nullptr, false);
    if (!list.is_object()) return fail(Fault::Malformed, "no list: " + *text);
    for (Json& item : list["items"]) items.push_back(std::move(item));
    more = list["metadata"].value("continue", "");
  } while (!more.empty());
  return items;
}

void make_change(Json& object, const Json& change) {
  for (const auto& [at, value] : change.items()) {
    const Json::json_pointer pointer(at);
    if (!value.is_null()) {
      object[pointer] = value;
    } else if (object.contains(pointer)) {
      Json& parent = object[pointer.parent_pointer()];
      erase_member(parent, pointer.back());
      // As people do it; an empty map would be a field of its own.
      if (parent.empty())
        erase_member(object[pointer.parent_pointer().parent_pointer()],
                     pointer.parent_pointer().back());
    }
  }
}

}  // namespace slipway::sim

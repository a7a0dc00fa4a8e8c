#include "controller/sim/texts.hpp"

#include <fmt/format.h>

#include "reconcilers/common/names.hpp"

namespace slipway::sim {

std::string text_at(const Json& object, const Path& path) {
  const Json* value = find_at(object, path);
  return value == nullptr || !value->is_string() ? std::string() : value->get<std::string>();
}

std::string title(const Json& object) {
  return fmt::format("{} {}/{}", text_at(object, {"kind"}),
                     text_at(object, {"metadata", "namespace"}),
                     text_at(object, {"metadata", "name"}));
}

std::string service_of(const Json& object) {
  return text_at(object, {"metadata", "namespace"}) + "/" +
         text_at(object, {"metadata", "labels", kServiceLabel});
}

}  // namespace slipway::sim

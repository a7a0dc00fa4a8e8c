#include "crds/schema/generate.hpp"

#include <fstream>
#include <sstream>

#include "crds/schema/crd.hpp"
#include "crds/schema/reference_page.hpp"
#include "crds/schema/yaml.hpp"

namespace slipway::schema {
namespace {

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail(Fault::NotFound, "cannot read " + path.string());
  return text.str();
}

}  // namespace

Result<std::map<std::string, std::string>> generate(const std::filesystem::path& pages) {
  std::map<std::string, std::string> files;
  for (const Kind& kind : all_kinds()) {
    files[kind.plural + ".yaml"] =
        "# Generated from crds/types by slipway-crdgen; do not edit. To renew it: ./dev golden\n" +
        to_yaml(crd(kind));
    auto text = read_file(pages / (kind.singular + ".md"));
    if (!text) return tl::unexpected<Error>(std::move(text).error());
    auto page = reference_page(kind, *text);
    if (!page) return tl::unexpected<Error>(std::move(page).error().within(kind.singular + ".md"));
    files["docs/" + kind.singular + ".md"] =
        "<!-- Generated from crds/types and crds/schema/pages/" + kind.singular +
        ".md: edit there, then ./dev golden -->\n" + *page;
  }
  return files;
}

}  // namespace slipway::schema

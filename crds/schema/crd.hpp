// The four kinds and their CustomResourceDefinitions: names, columns, subresources, schema.
#pragma once

#include <string>
#include <vector>

#include "crds/base/json.hpp"
#include "crds/schema/node.hpp"

namespace slipway::schema {

struct Column {
  std::string name, path;
  bool wide = false;  // only with `-o wide`
  std::string type = "string";
};

struct Kind {
  std::string kind, plural, singular, short_name, doc;
  bool cluster_scoped = false;
  bool has_status = false;
  bool scales = false;
  std::vector<Column> columns;
  std::vector<Rule> rules;  // on the whole object, where metadata.name can be seen
  Node node;                // members metadata, spec and perhaps status
};

std::vector<Kind> all_kinds();

Json crd(const Kind& kind);

// The node at a dotted path ("spec.gpu"), through lists and maps; nullptr: there is none.
const Node* find(const Kind& kind, const std::string& path);

}  // namespace slipway::schema

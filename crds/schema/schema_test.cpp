#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "crds/schema/crd.hpp"
#include "crds/schema/generate.hpp"
#include "crds/schema/openapi.hpp"
#include "crds/schema/reference_page.hpp"
#include "crds/schema/yaml.hpp"

namespace slipway::schema {
namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Generated, FilesAreCommitted) {
  const auto files = generate("crds/schema/pages");
  ASSERT_TRUE(files) << files.error().what;
  std::set<std::string> expected;
  for (const auto& [name, text] : *files) {
    expected.insert(name);
    const std::filesystem::path path = std::filesystem::path("crds") / name;
    if (std::getenv("SLIPWAY_UPDATE_GOLDEN")) std::ofstream(path) << text;
    EXPECT_EQ(text, slurp(path)) << path << ": run ./dev golden and read the difference";
  }
  // Nothing is left over from a kind that is gone.
  for (const char* folder : {"crds", "crds/docs"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (!entry.is_regular_file() || entry.path().extension() == ".txt") continue;
      const std::string name = std::filesystem::relative(entry.path(), "crds").string();
      EXPECT_TRUE(expected.contains(name)) << name << " is not generated from any type";
    }
  }
}

TEST(Generated, CrdsStayBelow100kB) {
  const auto files = generate("crds/schema/pages");
  ASSERT_TRUE(files) << files.error().what;
  for (const auto& [name, text] : *files) {
    EXPECT_LT(text.size(), 100000u) << name;
  }
}

// What the API server asks of a structural schema, and what keeps CEL within its budget.
void expect_bounded(const Json& schema, const std::string& place) {
  EXPECT_FALSE(schema.contains("x-kubernetes-preserve-unknown-fields")) << place;
  if (schema.contains("x-kubernetes-int-or-string")) {
    EXPECT_TRUE(schema.contains("maxLength")) << place;
    return;
  }
  ASSERT_TRUE(schema.contains("type")) << place;
  const std::string type = schema["type"];
  if (type == "string") {
    EXPECT_TRUE(schema.contains("maxLength") || schema.contains("enum")) << place;
  } else if (type == "array") {
    EXPECT_TRUE(schema.contains("maxItems")) << place;
    expect_bounded(schema["items"], place + "[]");
  } else if (schema.contains("additionalProperties")) {
    EXPECT_TRUE(schema.contains("maxProperties")) << place;
    expect_bounded(schema["additionalProperties"], place + "{}");
  } else if (schema.contains("properties")) {
    for (const auto& [name, child] : schema["properties"].items()) {
      expect_bounded(child, place + "." + name);
    }
  }
}

void expect_described(const Node& node, const std::string& place) {
  for (const Member& member : node.members) {
    const std::string here = place + "." + member.name;
    EXPECT_FALSE(member.facts.doc.empty()) << here;
    EXPECT_TRUE(member.facts.doc.empty() || member.facts.doc.back() == '.') << here;
    const Node* inner = &member.node;
    while (inner->item) inner = inner->item.get();
    expect_described(*inner, here);
  }
}

TEST(Schema, BoundsAndDescribesEverything) {
  for (const Kind& kind : all_kinds()) {
    for (const Member& member : kind.node.members) {
      if (member.name == "metadata") continue;
      expect_bounded(openapi(member.node, ""), kind.kind + "." + member.name);
      expect_described(member.node, kind.kind + "." + member.name);
    }
  }
}

// A rule, path or column that names a field which is not there is refused by the API server only
// when the CRD is applied; this says so before.
TEST(Schema, ColumnsAndSubresourcesNameFieldsThatExist) {
  for (const Kind& kind : all_kinds()) {
    for (const Column& column : kind.columns) {
      if (column.path == ".metadata.creationTimestamp") continue;
      std::string path = column.path.substr(1);
      if (const auto at = path.find("[*]"); at != path.npos) path.erase(at, 3);
      EXPECT_NE(find(kind, path), nullptr) << kind.kind << " " << column.path;
    }
  }
  const Kind service = all_kinds().front();
  EXPECT_TRUE(service.scales);
  for (const char* path : {"spec.replicas.min", "status.replicas", "status.selector"}) {
    EXPECT_NE(find(service, path), nullptr) << path;
  }
  EXPECT_EQ(find(service, "spec.replicas.none"), nullptr);
}

TEST(Schema, RefusesEveryFieldThatIsNotAvailable) {
  const Json spec = openapi(*find(all_kinds().front(), "spec"), "");
  std::set<std::string> messages;
  for (const Json& rule : spec["x-kubernetes-validations"]) messages.insert(rule["message"]);
  for (const char* field : {"rollout", "adapters", "access", "logging"}) {
    EXPECT_TRUE(messages.contains(std::string(field) + " is not available in this version"));
  }
}

TEST(Yaml, ReadsBackAsTheSameTree) {
  const Json tree = Json::parse(R"({
    "plain": "text with spaces",
    "quoted": ["true", "No", "1", "1.5", "~", "", " a", "a ", "a: b", "#", "- a"],
    "escapes": "a\"b\\c\nd\te'f",
    "scalars": [1, -2, 1.5, true, false],
    "empty": {"list": [], "object": {}},
    "nested": [{"a": {"b": [1, 2]}, "c": "d"}, [3]]})");
  const YAML::Node read = YAML::Load(to_yaml(tree));
  EXPECT_EQ(read["plain"].as<std::string>(), "text with spaces");
  for (std::size_t i = 0; i < tree["quoted"].size(); ++i) {
    EXPECT_EQ(read["quoted"][i].as<std::string>(), tree["quoted"][i].get<std::string>());
    EXPECT_EQ(read["quoted"][i].Tag(), "!") << "a reader must not guess its type";
  }
  EXPECT_EQ(read["escapes"].as<std::string>(), tree["escapes"].get<std::string>());
  EXPECT_EQ(read["scalars"][2].as<double>(), 1.5);
  EXPECT_TRUE(read["empty"]["list"].IsSequence());
  EXPECT_TRUE(read["empty"]["object"].IsMap());
  EXPECT_EQ(read["nested"][0]["a"]["b"][1].as<int>(), 2);
  EXPECT_EQ(read["nested"][0]["c"].as<std::string>(), "d");
  EXPECT_EQ(read["nested"][1][0].as<int>(), 3);
}

TEST(ReferencePage, NamesTheFieldThatIsNotThere) {
  const Kind service = all_kinds().front();
  const auto page = reference_page(service, "{{fields spec.replicas}}\n");
  ASSERT_TRUE(page);
  EXPECT_NE(page->find("| `replicas.min` | integer |"), std::string::npos) << *page;
  EXPECT_EQ(reference_page(service, "{{fields spec.gone}}\n").error().what,
            "InferenceService has no field spec.gone");
}

}  // namespace
}  // namespace slipway::schema

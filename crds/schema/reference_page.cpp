#include "crds/schema/reference_page.hpp"

#include <fmt/format.h>

#include <sstream>

namespace slipway::schema {
namespace {

std::string type_name(const Node& node, const Facts& facts) {
  if (facts.int_or_string && node.shape == Shape::String) return "quantity";
  switch (node.shape) {
    case Shape::String:
      return "string";
    case Shape::Boolean:
      return "boolean";
    case Shape::Int32:
    case Shape::Int64:
      return "integer";
    case Shape::Number:
      return "number";
    case Shape::Object:
      return "object";
    case Shape::List:
      return "list of " + type_name(*node.item, Facts{});
    case Shape::Map:
      return "map to " + type_name(*node.item, facts);
  }
  return "";
}

std::string escape(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != text.npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string value_list(const std::string& values) {
  std::string out = "`";
  for (char c : values) out += c == '|' ? std::string("`, `") : std::string(1, c);
  return out + "`";
}

// What limits a value, as people say it.
std::string limits(const Member& member) {
  const Facts& f = member.facts;
  std::string out;
  const auto add = [&](std::string text) { out += (out.empty() ? "" : "; ") + std::move(text); };
  if (f.required) add("required");
  if (f.immutable) add("immutable");
  if (f.not_available) add("**not available in this version**");
  if (!f.values.empty()) add(value_list(f.values));
  if (!f.item_values.empty()) add(value_list(f.item_values));
  if (f.minimum && f.maximum) {
    add(fmt::format("{} to {}", *f.minimum, *f.maximum));
  } else if (f.minimum) {
    add(fmt::format("at least {}", *f.minimum));
  }
  if (!f.pattern.empty()) add("`" + escape(f.pattern) + "`");
  if (f.max_length) add(fmt::format("at most {} characters", *f.max_length));
  if (f.max_items) add(fmt::format("at most {}", *f.max_items));
  if (f.max_properties) add(fmt::format("at most {}", *f.max_properties));
  return out;
}

void add_rows(std::string& out, const Node& node, const std::string& prefix) {
  for (const Member& member : node.members) {
    const std::string name = prefix + member.name;
    out += fmt::format("| `{}` | {} | {} | {} |\n", name, type_name(member.node, member.facts),
                       escape(member.facts.doc), limits(member));
    const Node* inner = &member.node;
    std::string brackets;
    while (inner->item) {
      brackets += inner->shape == Shape::List ? "[]" : "{}";
      inner = inner->item.get();
    }
    add_rows(out, *inner, name + brackets + ".");
  }
}

std::string field_table(const Node& node, const std::string& path) {
  const Node* inner = &node;
  while (inner->item) inner = inner->item.get();
  std::string out = "| field | type | what it is | limits |\n|---|---|---|---|\n";
  const std::size_t dot = path.find('.');
  add_rows(out, *inner, dot == path.npos ? "" : path.substr(dot + 1) + ".");
  return out;
}

std::string column_table(const Kind& kind) {
  std::string out = "| column | from |\n|---|---|\n";
  for (const Column& column : kind.columns) {
    std::string name = column.name;
    for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    out += fmt::format("| {} | `{}`{} |\n", name, column.path, column.wide ? " (wide)" : "");
  }
  return out;
}

}  // namespace

Result<std::string> reference_page(const Kind& kind, const std::string& text) {
  std::istringstream lines(text);
  std::string out, line;
  while (std::getline(lines, line)) {
    if (line == "{{columns}}") {
      out += column_table(kind);
    } else if (line.rfind("{{fields ", 0) == 0 && line.size() > 11) {
      const std::string path = line.substr(9, line.size() - 11);
      const Node* node = find(kind, path);
      if (!node) return fail(Fault::Invalid, kind.kind + " has no field " + path);
      out += field_table(*node, path);
    } else {
      out += line + "\n";
    }
  }
  return out;
}

}  // namespace slipway::schema

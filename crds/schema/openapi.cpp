#include "crds/schema/openapi.hpp"

#include <fmt/format.h>

#include <cmath>

namespace slipway::schema {
namespace {

constexpr std::int64_t kMaxLength = 1024;
constexpr std::int64_t kMaxItems = 64;
constexpr std::int64_t kMaxProperties = 64;
constexpr std::int64_t kMaxQuantity = 64;

Json split(const std::string& values) {
  Json out = Json::array();
  for (std::size_t begin = 0; begin <= values.size();) {
    const std::size_t end = std::min(values.find('|', begin), values.size());
    out.push_back(values.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

// 1000 and not 1000.0: what people would write, and what the API server prints back.
Json number(double value) {
  if (value == std::floor(value)) return static_cast<std::int64_t>(value);
  return value;
}

Json rule(std::string expression, std::string message, const std::string& field, bool forbidden) {
  Json out = {
      {"rule", std::move(expression)}, {"message", std::move(message)}, {"fieldPath", "." + field}};
  if (forbidden) out["reason"] = "FieldValueForbidden";
  return out;
}

// Empty counts as absent everywhere, so it is not refused either.
Json refuse_when_written(const Member& member, const std::string& place) {
  const std::string self = "self." + member.name;
  std::string absent = "!has(" + self + ")";
  if (member.node.shape == Shape::String) absent += " || " + self + " == ''";
  if (member.node.shape == Shape::List || member.node.shape == Shape::Map) {
    absent += " || size(" + self + ") == 0";
  }
  return rule(absent, place + " is not available in this version", member.name, true);
}

Json refuse_change(const Member& member, const std::string& place) {
  const std::string now = "self." + member.name, before = "oldSelf." + member.name;
  const std::string same =
      member.facts.required
          ? now + " == " + before
          : fmt::format("has({0}) == has({1}) && (!has({0}) || {0} == {1})", now, before);
  return rule(same, place + " cannot be changed; make another object", member.name, false);
}

std::string inner(const std::string& place, const std::string& name) {
  return place.empty() ? name : place + "." + name;
}

Json object(const Node& node, const std::string& place);

// The schema of a scalar, with the bounds that every string has.
Json scalar(Shape shape) {
  switch (shape) {
    case Shape::String:
      return {{"type", "string"}, {"maxLength", kMaxLength}};
    case Shape::Boolean:
      return {{"type", "boolean"}};
    case Shape::Int32:
      return {{"type", "integer"}, {"format", "int32"}};
    case Shape::Int64:
      return {{"type", "integer"}, {"format", "int64"}};
    default:
      return {{"type", "number"}};
  }
}

Json int_or_string() {
  return {{"anyOf", {{{"type", "integer"}}, {{"type", "string"}}}},
          {"x-kubernetes-int-or-string", true},
          {"maxLength", kMaxQuantity}};
}

// Not Json::update(): with JSON_DIAGNOSTICS it leaves an ordered object inconsistent (3.11.2).
void add(Json& schema, const Json& more) {
  for (const auto& [key, value] : more.items()) schema[key] = value;
}

void add_rules(Json& schema, const std::vector<Rule>& rules) {
  for (const Rule& rule : rules) schema["x-kubernetes-validations"].push_back(to_json(rule));
}

// Where the values are listed, they are bound enough.
void limit_string(Json& schema, const std::string& values, const std::string& pattern,
                  std::optional<std::int64_t> max_length) {
  if (!values.empty()) schema["enum"] = split(values);
  if (max_length) schema["maxLength"] = *max_length;
  if (!pattern.empty()) schema["pattern"] = pattern;
}

Json element(const Node& item, const Facts& facts, const std::string& place) {
  Json schema =
      item.shape == Shape::String && facts.int_or_string ? int_or_string() : openapi(item, place);
  if (item.shape == Shape::String) {
    limit_string(schema, facts.item_values, facts.item_pattern, facts.item_max_length);
  }
  add_rules(schema, facts.item_rules);
  return schema;
}

Json list(const Node& node, const Facts& facts, const std::string& place) {
  Json schema = {{"type", "array"}};
  if (facts.min_items) schema["minItems"] = *facts.min_items;
  schema["maxItems"] = facts.max_items.value_or(kMaxItems);
  if (!facts.map_keys.empty()) {
    schema["x-kubernetes-list-type"] = "map";
    schema["x-kubernetes-list-map-keys"] = facts.map_keys;
  } else {
    schema["x-kubernetes-list-type"] = facts.set ? "set" : "atomic";
  }
  schema["items"] = element(*node.item, facts, place);
  return schema;
}

Json map(const Node& node, const Facts& facts, const std::string& place) {
  return {{"type", "object"},
          {"maxProperties", facts.max_properties.value_or(kMaxProperties)},
          {"additionalProperties", element(*node.item, facts, place)}};
}

Json member_schema(const Member& member, const std::string& place) {
  const Facts& facts = member.facts;
  Json schema;
  if (!facts.doc.empty()) schema["description"] = facts.doc;
  if (member.node.shape == Shape::List) {
    add(schema, list(member.node, facts, place));
  } else if (member.node.shape == Shape::Map) {
    add(schema, map(member.node, facts, place));
  } else if (facts.int_or_string) {
    add(schema, int_or_string());
  } else {
    add(schema, openapi(member.node, place));
  }
  if (member.node.shape == Shape::String) {
    const bool may_be_empty = !facts.required && !facts.pattern.empty();
    limit_string(schema, facts.values, may_be_empty ? "^$|" + facts.pattern : facts.pattern,
                 facts.max_length);
  }
  if (!facts.format.empty()) schema["format"] = facts.format;
  if (facts.min_length) schema["minLength"] = *facts.min_length;
  if (facts.minimum) schema["minimum"] = number(*facts.minimum);
  if (facts.maximum) schema["maximum"] = number(*facts.maximum);
  add_rules(schema, facts.rules);
  return schema;
}

Json object(const Node& node, const std::string& place) {
  Json properties = Json::object(), required = Json::array(), rules = Json::array();
  for (const Member& member : node.members) {
    const std::string here = inner(place, member.name);
    properties[member.name] = member_schema(member, here);
    if (member.facts.required) required.push_back(member.name);
    if (member.facts.not_available) rules.push_back(refuse_when_written(member, here));
    if (member.facts.immutable) rules.push_back(refuse_change(member, here));
  }
  for (const Rule& rule : node.rules) rules.push_back(to_json(rule));
  Json schema = {{"type", "object"}};
  if (!required.empty()) schema["required"] = std::move(required);
  if (!rules.empty()) schema["x-kubernetes-validations"] = std::move(rules);
  schema["properties"] = std::move(properties);
  return schema;
}

}  // namespace

Json to_json(const Rule& rule) {
  Json out = {{"rule", rule.rule}, {"message", rule.message}};
  if (rule.message_expression) out["messageExpression"] = rule.message_expression;
  if (rule.field_path) out["fieldPath"] = rule.field_path;
  if (rule.forbidden) out["reason"] = "FieldValueForbidden";
  return out;
}

Json openapi(const Node& node, const std::string& place) {
  switch (node.shape) {
    case Shape::Object:
      return object(node, place);
    case Shape::List:
      return list(node, Facts{}, place);
    case Shape::Map:
      return map(node, Facts{}, place);
    default:
      return scalar(node.shape);
  }
}

}  // namespace slipway::schema

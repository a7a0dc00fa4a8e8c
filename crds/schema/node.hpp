// What a described type is made of, as plain data: `describe<T>()` runs `fields()` once; the CRD
// schema and the reference page are made from the result without templates.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "crds/types/fields.hpp"

namespace slipway::schema {

// Everything that attributes say about one member.
struct Facts {
  std::string doc;
  bool required = false, int_or_string = false, set = false;
  bool not_available = false, immutable = false;
  std::optional<double> minimum, maximum;
  std::optional<std::int64_t> min_length, max_length, min_items, max_items, max_properties;
  std::optional<std::int64_t> item_max_length;
  std::string pattern, format, values, item_values, item_pattern;
  std::vector<std::string> map_keys;
  std::vector<Rule> rules, item_rules;
};

enum class Shape { String, Boolean, Int32, Int64, Number, Object, List, Map };

struct Member;

struct Node {
  Shape shape = Shape::String;
  std::vector<Member> members;  // of an Object
  std::vector<Rule> rules;      // of an Object
  std::shared_ptr<Node> item;   // of a List or a Map
};

struct Member {
  std::string name;
  Facts facts;
  Node node;
};

namespace detail {

inline void note(Facts& f, const char* doc) {
  f.doc = doc;
}
inline void note(Facts& f, const Rule& rule) {
  f.rules.push_back(rule);
}
inline void note(Facts& f, const attr::ItemRule& a) {
  f.item_rules.push_back(a.rule);
}
inline void note(Facts& f, attr::Required) {
  f.required = true;
}
inline void note(Facts&, attr::AlwaysEncode) {}
inline void note(Facts&, attr::OmitZero) {}
inline void note(Facts& f, attr::IntOrString) {
  f.int_or_string = true;
}
inline void note(Facts& f, attr::SetList) {
  f.set = true;
}
inline void note(Facts& f, attr::NotAvailable) {
  f.not_available = true;
}
inline void note(Facts& f, attr::Immutable) {
  f.immutable = true;
}
inline void note(Facts& f, attr::Minimum a) {
  f.minimum = a.value;
}
inline void note(Facts& f, attr::Maximum a) {
  f.maximum = a.value;
}
inline void note(Facts& f, attr::MinLength a) {
  f.min_length = a.value;
}
inline void note(Facts& f, attr::MaxLength a) {
  f.max_length = a.value;
}
inline void note(Facts& f, attr::MinItems a) {
  f.min_items = a.value;
}
inline void note(Facts& f, attr::MaxItems a) {
  f.max_items = a.value;
}
inline void note(Facts& f, attr::MaxProperties a) {
  f.max_properties = a.value;
}
inline void note(Facts& f, attr::Pattern a) {
  f.pattern = a.value;
}
inline void note(Facts& f, attr::Format a) {
  f.format = a.value;
}
inline void note(Facts& f, attr::Enum a) {
  f.values = a.values;
}
inline void note(Facts& f, attr::ItemEnum a) {
  f.item_values = a.values;
}
inline void note(Facts& f, attr::ItemPattern a) {
  f.item_pattern = a.value;
}
inline void note(Facts& f, attr::ItemMaxLength a) {
  f.item_max_length = a.value;
}
inline void note(Facts& f, attr::MapKey a) {
  f.map_keys.push_back(a.first);
  if (a.second) f.map_keys.push_back(a.second);
}

template <class T>
struct Describe;

}  // namespace detail

template <class T>
Node describe() {
  return detail::Describe<T>::node();
}

namespace detail {

template <class T>
struct Describe {
  static Node node() {
    Node node;
    if constexpr (std::is_same_v<T, std::string>) {
      node.shape = Shape::String;
    } else if constexpr (std::is_same_v<T, bool>) {
      node.shape = Shape::Boolean;
    } else if constexpr (std::is_same_v<T, int>) {
      node.shape = Shape::Int32;
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
      node.shape = Shape::Int64;
    } else if constexpr (std::is_same_v<T, double>) {
      node.shape = Shape::Number;
    } else {
      static_assert(Described<T>, "every member of a described type is described");
      node.shape = Shape::Object;
      T::fields([&]<class Field>(const char* name, Field T::*, const auto&... attributes) {
        Member member;
        member.name = name;
        (note(member.facts, attributes), ...);
        member.node = describe<Field>();
        node.members.push_back(std::move(member));
      });
      if constexpr (requires { T::rules([](const Rule&) {}); }) {
        T::rules([&](const Rule& rule) { node.rules.push_back(rule); });
      }
    }
    return node;
  }
};

template <class T>
struct Describe<std::optional<T>> {
  static Node node() { return describe<T>(); }
};

template <class T>
struct Describe<std::vector<T>> {
  static Node node() { return Node{Shape::List, {}, {}, std::make_shared<Node>(describe<T>())}; }
};

template <class T>
struct Describe<std::map<std::string, T>> {
  static Node node() { return Node{Shape::Map, {}, {}, std::make_shared<Node>(describe<T>())}; }
};

}  // namespace detail
}  // namespace slipway::schema

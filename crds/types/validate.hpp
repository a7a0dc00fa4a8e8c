// What the description of a type asks of a value, for documents that no API server has checked:
// configuration in files. Bounds, patterns, enumerations and keys; rules in CEL are the API
// server's and are not run. Each complaint is "path: why", as the API server would write it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "crds/base/json.hpp"
#include "crds/types/decode.hpp"
#include "crds/types/fields.hpp"

namespace slipway {
namespace detail {

// The facts of one field that are looked at; absent ones allow everything.
struct Limits {
  bool required = false;
  bool available = true;
  std::optional<double> least, most;
  std::optional<std::int64_t> min_length, max_length, min_items, max_items, item_max_length;
  const char* pattern = nullptr;
  const char* values = nullptr;
  const char* item_pattern = nullptr;
  const char* item_values = nullptr;
  const char* key = nullptr;
};

template <class Attribute>
void note(Limits& limits, const Attribute& a) {
  if constexpr (std::is_same_v<Attribute, attr::Required>) limits.required = true;
  if constexpr (std::is_same_v<Attribute, attr::NotAvailable>) limits.available = false;
  if constexpr (std::is_same_v<Attribute, attr::Minimum>) limits.least = a.value;
  if constexpr (std::is_same_v<Attribute, attr::Maximum>) limits.most = a.value;
  if constexpr (std::is_same_v<Attribute, attr::MinLength>) limits.min_length = a.value;
  if constexpr (std::is_same_v<Attribute, attr::MaxLength>) limits.max_length = a.value;
  if constexpr (std::is_same_v<Attribute, attr::MinItems>) limits.min_items = a.value;
  if constexpr (std::is_same_v<Attribute, attr::MaxItems>) limits.max_items = a.value;
  if constexpr (std::is_same_v<Attribute, attr::MaxProperties>) limits.max_items = a.value;
  if constexpr (std::is_same_v<Attribute, attr::ItemMaxLength>) limits.item_max_length = a.value;
  if constexpr (std::is_same_v<Attribute, attr::Pattern>) limits.pattern = a.value;
  if constexpr (std::is_same_v<Attribute, attr::Enum>) limits.values = a.values;
  if constexpr (std::is_same_v<Attribute, attr::ItemPattern>) limits.item_pattern = a.value;
  if constexpr (std::is_same_v<Attribute, attr::ItemEnum>) limits.item_values = a.values;
  if constexpr (std::is_same_v<Attribute, attr::MapKey>) limits.key = a.first;
}

using Complaints = std::vector<std::string>;
void check_text(const std::string& path, const std::string& text, const Limits& limits,
                Complaints& out);
void check_number(const std::string& path, double number, const Limits& limits, Complaints& out);
void check_count(const std::string& path, std::size_t count, const Limits& limits, Complaints& out);
// The bounds of the elements of a list or the values of a map.
Limits of_items(const Limits& limits);
std::string repeated_key(const std::string& path, const char* key, const std::string& value);

template <Described T>
void check_members(const std::string& path, const T& value, Complaints& out);

template <class T>
bool is_absent(const T& value) {
  if constexpr (requires { value.empty(); }) return value.empty();
  if constexpr (IsOptional<T>::value) return !value.has_value();
  return false;
}

// The text of the member `key`, by which the elements of a list are told apart.
template <Described T>
std::string text_of_key(const T& value, std::string_view key) {
  std::string found;
  T::fields([&]<class Member>(const char* name, Member member, const auto&...) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value.*member)>, std::string>)
      if (key == name) found = value.*member;
  });
  return found;
}

template <class T>
void check_value(const std::string& path, const T& value, const Limits& limits, Complaints& out) {
  if constexpr (IsOptional<T>::value) {
    if (value) check_value(path, *value, limits, out);
  } else if constexpr (IsVector<T>::value) {
    check_count(path, value.size(), limits, out);
    std::set<std::string> taken;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string place = path + "[" + std::to_string(i) + "]";
      check_value(place, value[i], of_items(limits), out);
      if constexpr (Described<typename T::value_type>) {
        if (limits.key == nullptr) continue;
        const std::string own = text_of_key(value[i], limits.key);
        if (!taken.insert(own).second) out.push_back(repeated_key(place, limits.key, own));
      }
    }
  } else if constexpr (IsMap<T>::value) {
    check_count(path, value.size(), limits, out);
    for (const auto& [key, member] : value)
      check_value(path + "." + key, member, of_items(limits), out);
  } else if constexpr (Described<T>) {
    check_members(path, value, out);
  } else if constexpr (std::is_same_v<T, std::string>) {
    check_text(path, value, limits, out);
  } else if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    check_number(path, static_cast<double>(value), limits, out);
  }
}

template <Described T>
void check_members(const std::string& path, const T& value, Complaints& out) {
  T::fields([&]<class Member, class... Attributes>(const char* name, Member member,
                                                   const Attributes&... attributes) {
    Limits limits;
    (note(limits, attributes), ...);
    const std::string place = path.empty() ? name : path + "." + name;
    if (is_absent(value.*member)) {
      if (limits.required) out.push_back(place + ": required value");
    } else if (!limits.available) {
      out.push_back(place + ": not available in this version");
    } else {
      check_value(place, value.*member, limits, out);
    }
  });
}

template <class T>
void check_known(const std::string& path, const Json& json, Complaints& out) {
  if constexpr (IsOptional<T>::value) {
    check_known<typename T::value_type>(path, json, out);
  } else if constexpr (IsVector<T>::value) {
    for (std::size_t i = 0; json.is_array() && i < json.size(); ++i)
      check_known<typename T::value_type>(path + "[" + std::to_string(i) + "]", json[i], out);
  } else if constexpr (Described<T>) {
    if (!json.is_object()) return;
    for (const auto& [key, member] : json.items()) {
      const std::string place = path.empty() ? key : path + "." + key;
      bool known = false;
      T::fields([&]<class Member>(const char* name, Member pointer, const auto&...) {
        if (key != name) return;
        known = true;
        check_known<std::decay_t<decltype(std::declval<T>().*pointer)>>(place, member, out);
      });
      if (!known) out.push_back(place + ": unknown field");
    }
  }
}

}  // namespace detail

// Members of the document that the type does not have: misspelt ones, mostly.
template <Described T>
std::vector<std::string> unknown_fields(const Json& document) {
  std::vector<std::string> out;
  detail::check_known<T>("", document, out);
  return out;
}

// Empty: nothing to complain about.
template <Described T>
std::vector<std::string> complaints_about(const T& value) {
  std::vector<std::string> out;
  detail::check_members("", value, out);
  return out;
}

}  // namespace slipway

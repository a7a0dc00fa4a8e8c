// A described type -> JSON tree, members in the order of `fields()`. What is absent is left out:
// empty strings, lists and maps, `false`, nullopt, and members whose own encoding is empty; unless
// the member is marked `AlwaysEncode`. Numbers are always written, unless marked `OmitZero`.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "crds/base/json.hpp"
#include "crds/types/fields.hpp"

namespace slipway {

template <Described T>
Json encode(const T& value);

namespace detail {

template <class T>
Json encode_any(const T& value) {
  if constexpr (Described<T>) {
    return encode(value);
  } else {
    return Json(value);
  }
}

template <class T>
Json encode_any(const std::optional<T>& value) {
  return value ? encode_any(*value) : Json();
}

template <class T>
Json encode_any(const std::vector<T>& values) {
  Json out = Json::array();
  for (const T& value : values) out.push_back(encode_any(value));
  return out;
}

template <class T>
Json encode_any(const std::map<std::string, T>& values) {
  Json out = Json::object();
  for (const auto& [key, value] : values) out[key] = encode_any(value);
  return out;
}

template <class T, class... Attributes>
bool is_absent(const T& value) {
  if constexpr (attr::kHas<attr::AlwaysEncode, Attributes...>) {
    return false;
  } else if constexpr (std::is_same_v<T, bool>) {
    return !value;
  } else if constexpr (std::is_arithmetic_v<T>) {
    return attr::kHas<attr::OmitZero, Attributes...> && value == T{};
  } else if constexpr (Described<T>) {
    return false;  // decided by its encoding
  } else if constexpr (requires { value.has_value(); }) {
    return !value.has_value();
  } else {
    return value.empty();
  }
}

}  // namespace detail

template <Described T>
Json encode(const T& value) {
  Json out = Json::object();
  T::fields([&]<class Member, class... Attributes>(const char* name, Member member,
                                                   const Attributes&...) {
    using Type = std::decay_t<decltype(value.*member)>;
    if (detail::is_absent<Type, Attributes...>(value.*member)) return;
    Json encoded = detail::encode_any(value.*member);
    constexpr bool kAlways = attr::kHas<attr::AlwaysEncode, Attributes...>;
    if (Described<Type> && !kAlways && encoded.empty()) return;
    out[name] = std::move(encoded);
  });
  return out;
}

// The same with apiVersion and kind in front, for one of Slipway's kinds.
template <Described T>
Json encode_object(const T& value) {
  Json out = {{"apiVersion", kApiVersion}, {"kind", T::kKind}};
  // Not Json::update(): with JSON_DIAGNOSTICS it leaves an ordered object inconsistent (3.11.2).
  Json members = encode(value);
  for (auto& [key, member] : members.items()) out[key] = std::move(member);
  return out;
}

}  // namespace slipway

// Test only: what the schema of a member allows, as values. The generator stays within it, and the
// rules on plans hold what we write against it: the API server would refuse anything else.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "crds/types/fields.hpp"

namespace slipway::testing {

struct Bounds {
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  bool required = false;
  bool available = true;
  bool quantity = false;
  bool time = false;
  bool set = false;
  double least = std::numeric_limits<double>::lowest();
  double most = std::numeric_limits<double>::max();
  std::size_t min_length = 0, max_length = kNoLimit;
  std::size_t min_items = 0, max_items = kNoLimit;
  const char* pattern = nullptr;
  const char* values = nullptr;  // separated by '|'
  // Of the elements of a list, the values of a map.
  std::size_t item_max_length = kNoLimit;
  const char* item_pattern = nullptr;
  const char* item_values = nullptr;
  const char* map_key = nullptr;

  // The bounds of an element.
  Bounds item() const {
    Bounds one;
    one.required = true;
    one.quantity = quantity;
    one.max_length = item_max_length;
    one.pattern = item_pattern;
    one.values = item_values;
    return one;
  }
};

inline void narrow(Bounds& b, attr::Required) {
  b.required = true;
}
inline void narrow(Bounds& b, attr::NotAvailable) {
  b.available = false;
}
inline void narrow(Bounds& b, attr::IntOrString) {
  b.quantity = true;
}
inline void narrow(Bounds& b, attr::SetList) {
  b.set = true;
}
inline void narrow(Bounds& b, attr::Minimum a) {
  b.least = a.value;
}
inline void narrow(Bounds& b, attr::Maximum a) {
  b.most = a.value;
}
inline void narrow(Bounds& b, attr::MinLength a) {
  b.min_length = std::size_t(a.value);
}
inline void narrow(Bounds& b, attr::MaxLength a) {
  b.max_length = std::size_t(a.value);
}
inline void narrow(Bounds& b, attr::MinItems a) {
  b.min_items = std::size_t(a.value);
}
inline void narrow(Bounds& b, attr::MaxItems a) {
  b.max_items = std::size_t(a.value);
}
inline void narrow(Bounds& b, attr::MaxProperties a) {
  b.max_items = std::size_t(a.value);
}
inline void narrow(Bounds& b, attr::Pattern a) {
  b.pattern = a.value;
}
inline void narrow(Bounds& b, attr::Format a) {
  b.time = std::string_view(a.value) == "date-time";
}
inline void narrow(Bounds& b, attr::Enum a) {
  b.values = a.values;
}
inline void narrow(Bounds& b, attr::ItemEnum a) {
  b.item_values = a.values;
}
inline void narrow(Bounds& b, attr::ItemPattern a) {
  b.item_pattern = a.value;
}
inline void narrow(Bounds& b, attr::ItemMaxLength a) {
  b.item_max_length = std::size_t(a.value);
}
inline void narrow(Bounds& b, attr::MapKey a) {
  b.map_key = a.first;
}
// Descriptions, rules in CEL and the like bound nothing that is known here.
template <class Other>
void narrow(Bounds&, const Other&) {}

template <class... Attributes>
Bounds bounds_of(const Attributes&... attributes) {
  Bounds bounds;
  (narrow(bounds, attributes), ...);
  return bounds;
}

inline std::vector<std::string> split_values(std::string_view values) {
  std::vector<std::string> out;
  for (std::size_t end = 0; end != std::string_view::npos; values.remove_prefix(end + 1)) {
    end = values.find('|');
    out.emplace_back(values.substr(0, end));
    if (end == std::string_view::npos) break;
  }
  return out;
}

// The text of `value`'s member `name`, by which a list tells its elements apart.
template <Described T>
std::string key_member(const T& value, std::string_view name) {
  std::string key;
  T::fields([&]<class Member, class... Attributes>(const char* member_name, Member member,
                                                   const Attributes&...) {
    if constexpr (std::is_convertible_v<decltype(value.*member), std::string>)
      if (member_name == name) key = value.*member;
  });
  return key;
}

}  // namespace slipway::testing

// Test only: names what of a value its own schema would refuse.
#pragma once

#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "crds/base/time.hpp"
#include "reconcilers/testing/bounds.hpp"

namespace slipway::testing {

class Limits {
 public:
  template <Described T>
  static std::vector<std::string> broken(const T& value) {
    Limits limits;
    limits.check(value, Bounds{}, "");
    return std::move(limits.complaints_);
  }

 private:
  void complain(const std::string& path, std::string_view what) {
    complaints_.push_back(path + " " + std::string(what));
  }

  // Absent is what encoding leaves out.
  void check(const std::string& text, const Bounds& bounds, const std::string& path) {
    if (text.empty()) {
      if (bounds.required && bounds.min_length > 0) complain(path, "is missing");
      return;
    }
    if (characters(text) > bounds.max_length)
      complain(path, "has " + std::to_string(characters(text)) + " characters");
    if (bounds.values && !is_one_of(text, bounds.values)) complain(path, "is \"" + text + "\"");
    if (bounds.pattern && !std::regex_search(text, std::regex(bounds.pattern)))
      complain(path, "does not match: \"" + text + "\"");
    if (bounds.time && !parse_rfc3339(text)) complain(path, "is no time: \"" + text + "\"");
  }
  template <class T>
    requires std::is_arithmetic_v<T>
  void check(T number, const Bounds& bounds, const std::string& path) {
    const auto value = static_cast<double>(number);
    if (value < bounds.least || value > bounds.most) complain(path, std::to_string(number));
  }
  template <class T>
  void check(const std::optional<T>& value, const Bounds& bounds, const std::string& path) {
    if (value) check(*value, bounds, path);
  }
  template <class T>
  void check(const std::vector<T>& values, const Bounds& bounds, const std::string& path) {
    if (values.size() > bounds.max_items || values.size() < bounds.min_items)
      complain(path, "has " + std::to_string(values.size()) + " items");
    std::set<std::string> keys;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string place = path + "[" + std::to_string(i) + "]";
      check(values[i], bounds.item(), place);
      if constexpr (Described<T>)
        if (bounds.map_key && !keys.insert(key_member(values[i], bounds.map_key)).second)
          complain(place, "is a second one of its key");
    }
  }
  template <class T>
  void check(const std::map<std::string, T>& values, const Bounds& bounds,
             const std::string& path) {
    if (values.size() > bounds.max_items)
      complain(path, "has " + std::to_string(values.size()) + " members");
    for (const auto& [key, value] : values) check(value, bounds.item(), path + "[" + key + "]");
  }
  template <Described T>
  void check(const T& value, const Bounds&, const std::string& path) {
    T::fields([&]<class Member, class... Attributes>(const char* name, Member member,
                                                     const Attributes&... attributes) {
      Bounds bounds = bounds_of(attributes...);
      // A required text that is empty would be left out.
      if (bounds.required && bounds.min_length == 0) bounds.min_length = 1;
      check(value.*member, bounds, path + "." + name);
    });
  }

  static std::size_t characters(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
    return count;
  }
  static bool is_one_of(const std::string& text, const char* values) {
    for (const std::string& one : split_values(values))
      if (one == text) return true;
    return false;
  }

  std::vector<std::string> complaints_;
};

}  // namespace slipway::testing

// Test only: values of a described type that its schema allows, drawn from the bytes of a fuzzer.
// Bytes that are used up give the shortest value: what is optional is absent.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "crds/base/testing/fuzz_input.hpp"
#include "crds/types/inference_service_spec.hpp"
#include "crds/types/serving_runtime.hpp"
#include "reconcilers/testing/bounds.hpp"

namespace slipway::testing {

// One text of a kind, of at most `max_length` characters.
std::string drawn_text(FuzzInput& input, std::size_t max_length);
std::string drawn_name(FuzzInput& input, std::size_t max_length);
std::string drawn_quantity(FuzzInput& input);
std::string drawn_uri(FuzzInput& input);
// One that matches; empty when none is known.
std::string drawn_match(FuzzInput& input, const char* pattern, std::size_t max_length);
std::string drawn_condition(FuzzInput& input);
std::string drawn_key(FuzzInput& input, bool of_resources);

class Wish {
 public:
  explicit Wish(FuzzInput& input) : input_(input) {}

  template <Described T>
  T any() {
    T value{};
    fill(value, Bounds{}, "");
    return value;
  }

 private:
  bool chosen(const Bounds& bounds, std::uint64_t one_in) {
    return bounds.required || input_.below(one_in) == one_in - 1;
  }

  void fill(bool& out, const Bounds&, std::string_view) { out = input_.below(2) == 1; }
  void fill(std::string& out, const Bounds& bounds, std::string_view name) {
    if (!chosen(bounds, 2)) return;
    if (bounds.values) {
      const auto values = split_values(bounds.values);
      out = values[input_.below(values.size())];
    } else if (bounds.quantity) {
      out = drawn_quantity(input_);
    } else if (bounds.time) {
      out = "2026-11-23T14:02:00Z";
    } else if (name == "type") {
      out = drawn_condition(input_);
    } else if (name == "uri") {
      out = drawn_uri(input_);
    } else if (bounds.pattern) {
      out = drawn_match(input_, bounds.pattern, bounds.max_length);
    } else if (name == "name") {
      out = drawn_name(input_, bounds.max_length);
    } else {
      out = drawn_text(input_, bounds.max_length);
    }
  }
  template <class T>
    requires std::is_arithmetic_v<T>
  void fill(T& out, const Bounds& bounds, std::string_view) {
    const auto least = static_cast<T>(std::max(bounds.least, -1000.0));
    const auto most = static_cast<T>(std::min(bounds.most, 1000000.0));
    switch (input_.below(4)) {
      case 0:
        return;  // as it is made
      case 1:
        out = least;
        return;
      case 2:
        out = most;
        return;
      default:
        out = std::min<T>(most, static_cast<T>(least + static_cast<T>(input_.below(256))));
    }
  }
  template <class T>
  void fill(std::optional<T>& out, const Bounds& bounds, std::string_view name) {
    if (!chosen(bounds, 4)) return;
    Bounds of_it = bounds;
    of_it.required = true;
    if constexpr (std::is_arithmetic_v<T>)
      out.emplace(static_cast<T>(std::max(bounds.least, 0.0)));
    else
      out.emplace();
    fill(*out, of_it, name);
  }
  template <class T>
  void fill(std::vector<T>& out, const Bounds& bounds, std::string_view name) {
    const std::size_t most = std::min<std::size_t>(bounds.max_items, 3);
    std::size_t count = input_.below(most + 1);
    if (bounds.required) count = std::max(count, std::max<std::size_t>(bounds.min_items, 1));
    while (out.size() < count) {
      fill(out.emplace_back(), bounds.item(), name);
      if (is_repeated(out, bounds)) {
        out.pop_back();
        return;
      }
    }
  }
  void fill(std::map<std::string, std::string>& out, const Bounds& bounds, std::string_view name) {
    for (std::uint64_t left = input_.below(3); left > 0; --left)
      fill(out[drawn_key(input_, bounds.quantity)], bounds.item(), name);
  }
  template <Described T>
  void fill(T& out, const Bounds&, std::string_view) {
    T::fields([&]<class Member, class... Attributes>(const char* name, Member member,
                                                     const Attributes&... attributes) {
      const Bounds bounds = bounds_of(attributes...);
      if (bounds.available) fill(out.*member, bounds, name);
    });
  }

  // Whether the last element is told apart from the others by nothing.
  template <class T>
  static bool is_repeated(const std::vector<T>& values, const Bounds& bounds) {
    for (std::size_t i = 0; i + 1 < values.size(); ++i) {
      if constexpr (Described<T>) {
        if (bounds.map_key &&
            key_member(values[i], bounds.map_key) == key_member(values.back(), bounds.map_key))
          return true;
      } else if (bounds.set && values[i] == values.back()) {
        return true;
      }
    }
    return false;
  }

  FuzzInput& input_;
};

// The same with what the schema says in CEL.
InferenceServiceSpec drawn_service_spec(FuzzInput& input);
ServingRuntimeSpec drawn_runtime_spec(FuzzInput& input);
// Draws one part of the spec anew, as an edit does.
void edit(InferenceServiceSpec& spec, FuzzInput& input);

}  // namespace slipway::testing

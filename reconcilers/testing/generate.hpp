// Test only: arbitrary values of a described type, member by member, from a seed.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "crds/types/fields.hpp"

namespace slipway::testing {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t end) { return random_() % end; }

  template <class T>
  T any() {
    T value{};
    fill(value);
    return value;
  }

 private:
  void fill(bool& out) { out = below(2) == 1; }
  void fill(std::string& out) {
    static constexpr std::array kTexts{"",
                                       "-",
                                       "chat-v7",
                                       "0/1",
                                       "two\nlines\t\"quoted\" \\",
                                       "\x01 \u00e9 \u4e16",
                                       "18446744073709551616",
                                       "null"};
    out = kTexts[below(kTexts.size())];
  }
  template <class T>
    requires std::is_arithmetic_v<T>
  void fill(T& out) {
    const std::array kNumbers{T{0}, T{1}, static_cast<T>(-1), std::numeric_limits<T>::max(),
                              std::numeric_limits<T>::lowest()};
    out = kNumbers[below(kNumbers.size())];
  }
  template <class T>
  void fill(std::optional<T>& out) {
    if (below(2) == 1) fill(out.emplace());
  }
  template <class T>
  void fill(std::vector<T>& out) {
    for (std::size_t left = below(3); left > 0; --left) fill(out.emplace_back());
  }
  template <class T>
  void fill(std::map<std::string, T>& out) {
    for (std::size_t left = below(3); left > 0; --left) fill(out[any<std::string>()]);
  }
  template <Described T>
  void fill(T& out) {
    T::fields([&]<class Member, class... Attributes>(const char*, Member member,
                                                     const Attributes&...) { fill(out.*member); });
  }

  std::mt19937_64 random_;
};

}  // namespace slipway::testing

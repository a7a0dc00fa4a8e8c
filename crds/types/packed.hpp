// A described type as a few bytes: for what is held by the thousand and read one at a time. Every
// member in the order of `fields()`, without names: what is absent or empty takes one byte.
// For the memory of this process only: the bytes mean nothing to another build.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "crds/base/check.hpp"
#include "crds/types/fields.hpp"

namespace slipway {

class Packer {
 public:
  template <class T>
    requires std::is_integral_v<T>
  void put(T value) {
    put_number(static_cast<std::uint64_t>(value));
  }
  void put(double value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void put(std::string_view text) {
    put(text.size());
    bytes_.append(text);
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class T>
  void put(const std::vector<T>& values) {
    put(values.size());
    for (const T& value : values) put(value);
  }
  template <class T>
  void put(const std::map<std::string, T>& values) {
    put(values.size());
    for (const auto& [key, value] : values) put(std::string_view(key)), put(value);
  }
  template <Described T>
  void put(const T& value) {
    T::fields([&](const char*, auto member, const auto&...) { put(value.*member); });
  }

  std::string take() && {
    bytes_.shrink_to_fit();
    return std::move(bytes_);
  }

 private:
  // Seven bits to a byte, the lowest first; the highest bit says that more follow.
  void put_number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }

  std::string bytes_;
};

// Reads what a Packer wrote, in the same order. The bytes must outlive it.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

  template <class T>
    requires std::is_integral_v<T>
  void get(T& out) {
    out = static_cast<T>(number());
  }
  void get(double& out) { std::memcpy(&out, piece(sizeof out).data(), sizeof out); }
  void get(std::string& out) { out.assign(text()); }
  template <class T>
  void get(std::optional<T>& out) {
    out.reset();
    if (number() != 0) get(out.emplace());
  }
  template <class T>
  void get(std::vector<T>& out) {
    const std::uint64_t count = number();
    SLIPWAY_CHECK(count <= rest_.size(), "every element takes a byte");
    out.resize(count);
    for (T& value : out) get(value);
  }
  template <class T>
  void get(std::map<std::string, T>& out) {
    out.clear();
    for (std::uint64_t left = number(); left > 0; --left) {
      const std::string_view key = text();
      get(out.emplace_hint(out.end(), key, T{})->second);
    }
  }
  template <Described T>
  void get(T& out) {
    T::fields([&](const char*, auto member, const auto&...) { get(out.*member); });
  }
  // Valid as long as the bytes are.
  std::string_view text() { return piece(number()); }

 private:
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(piece(1).front());
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
  }
  std::string_view piece(std::uint64_t size) {
    SLIPWAY_CHECK(size <= rest_.size(), "whoever packed it wrote all of it");
    const std::string_view piece = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return piece;
  }

  std::string_view rest_;
};

}  // namespace slipway

// The grammar of JSON (RFC 8259) over tokens: which may come next, and how deep they lie. Knows no
// bytes and allocates nothing: a level of nesting is one bit. Pure.
#pragma once

#include <array>
#include <cstdint>

namespace slipway::body {

inline constexpr int kMaxDepth = 128;

class Grammar {
 public:
  // Takes a token by its first byte: one of {}[]:, or '"' for a string, anything else for a scalar.
  // Returns nullptr, or why it cannot stand here (static text); then this must not be used again.
  const char* take(char token);

  // Open objects and arrays.
  int depth() const { return depth_; }
  // The string that was taken last is a name, not a value.
  bool took_key() const { return expect_ == Expect::Colon; }
  // A string that came now would be a name.
  bool expects_key() const { return expect_ == Expect::FirstKey || expect_ == Expect::Key; }
  // The text is complete.
  bool done() const { return expect_ == Expect::Nothing; }

 private:
  enum class Expect : std::uint8_t {
    Root,  // an object: no request or answer is anything else
    Value,
    FirstValue,  // or the end of the array
    FirstKey,    // or the end of the object
    Key,
    Colon,
    ObjectComma,  // or the end of the object
    ArrayComma,   // or the end of the array
    Nothing
  };

  const char* open(bool object);
  const char* close(bool object);
  const char* take_string();
  const char* take_scalar();
  void after_value();
  bool expects_value() const { return expect_ == Expect::Value || expect_ == Expect::FirstValue; }

  Expect expect_ = Expect::Root;
  int depth_ = 0;
  std::array<std::uint64_t, kMaxDepth / 64> is_object_{};  // by depth, from 0
};

}  // namespace slipway::body

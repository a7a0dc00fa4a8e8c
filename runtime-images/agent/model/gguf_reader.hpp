// Reads GGUF's primitives in order. The first impossible value sets the error, and from then on
// everything reads as zero: loops check `ok()` and need no other error path.
#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "runtime-images/agent/model/gguf.hpp"

namespace slipway::agent::gguf {

enum class ValueType : std::uint32_t {
  U8,
  I8,
  U16,
  I16,
  U32,
  I32,
  F32,
  Bool,
  String,
  Array,
  U64,
  I64,
  F64
};

class Reader {
 public:
  // REQUIRES: `bytes` outlives the reader.
  explicit Reader(const Bytes& bytes);

  bool ok() const { return !error_; }
  const std::string& error() const { return *error_; }
  void fail(std::string why);

  std::uint64_t position() const { return position_; }
  // Bytes that may still belong to the header.
  std::uint64_t remaining() const { return limit_ - position_; }

  template <class T>
  T number() {
    T value{};
    char raw[sizeof(T)];
    if (read(raw)) std::memcpy(&value, raw, sizeof(T));
    return value;
  }
  // A string of at most `limit` bytes; `what` names it in the error.
  std::string string(std::uint64_t limit, const char* what);
  // A value that nobody asked for.
  void skip_value(ValueType type, int nesting);
  // A value as an unsigned number; nullopt when it is not a whole number of zero or more.
  std::optional<std::uint64_t> unsigned_value(ValueType type);
  void skip(std::uint64_t count);

 private:
  bool read(std::span<char> into);
  void skip_string();
  void skip_array(int nesting);

  const Bytes& bytes_;
  std::uint64_t limit_;
  std::uint64_t position_ = 0;
  std::vector<char> window_;  // of the file, from window_start_
  std::uint64_t window_start_ = 0;
  std::optional<std::string> error_;
};

}  // namespace slipway::agent::gguf

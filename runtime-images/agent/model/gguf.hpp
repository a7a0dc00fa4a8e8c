// The gate that every GGUF file passes before an engine opens it: a pure function over bytes at
// offsets. It believes no number of the file before comparing it with the file's size, allocates at
// most a few MiB whatever the file says, and reads only the header (64 KiB at a time).
// Format: ggml's docs/gguf.md, versions 2 and 3, little endian.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace slipway::agent::gguf {

// Bytes at offsets, as a file has them.
class Bytes {
 public:
  virtual ~Bytes() = default;
  virtual std::uint64_t size() const = 0;
  // Fills `into` from `offset`; false when that cannot be read. REQUIRES: within size().
  virtual bool read_at(std::uint64_t offset, std::span<char> into) const = 0;
};

struct Summary {
  std::string architecture;
  std::int64_t parameters = 0;      // elements of all tensors
  std::int64_t context_length = 0;  // 0: not said
  std::int64_t tensors = 0;
};

// Why a file is refused: one sentence with the place and the numbers.
using Rejection = std::string;

tl::expected<Summary, Rejection> inspect(const Bytes& bytes);

// The same for a file on disk.
tl::expected<Summary, Rejection> inspect_file(const std::string& path);

// Whether llama.cpp has an implementation of it.
bool known_architecture(std::string_view name);

}  // namespace slipway::agent::gguf

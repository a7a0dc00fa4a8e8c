// The tensor half of the GGUF gate: what every tensor claims of the data section.
#pragma once

#include <cstdint>

#include "runtime-images/agent/model/gguf_reader.hpp"

namespace slipway::agent::gguf {

struct TensorSection {
  std::uint64_t count = 0;      // as the header says; already bounded
  std::uint64_t alignment = 0;  // a power of two
  std::uint64_t file_size = 0;
};

// Reads the tensor descriptions at the reader's place and checks them against the file: names,
// dimensions, types, offsets, overlap. Returns the number of elements of all tensors.
std::int64_t check_tensors(Reader& reader, const TensorSection& section);

}  // namespace slipway::agent::gguf

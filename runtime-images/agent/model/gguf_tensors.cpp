#include "runtime-images/agent/model/gguf_tensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_set>

namespace slipway::agent::gguf {
namespace {

constexpr std::uint64_t kMaxName = 64;  // GGML_MAX_NAME, with its final zero
constexpr std::uint32_t kMaxDimensions = 4;

struct Layout {
  std::uint32_t type;
  std::uint32_t elements;  // per block
  std::uint32_t bytes;     // per block
};

// ggml's types, their block sizes from GGML_QUANT_SIZES of llama.cpp's gguf Python package.
constexpr Layout kLayouts[] = {
    {0, 1, 4},      {1, 1, 2},      {2, 32, 18},   {3, 32, 20},    {6, 32, 22},    {7, 32, 24},
    {8, 32, 34},    {9, 32, 40},    {10, 256, 84}, {11, 256, 110}, {12, 256, 144}, {13, 256, 176},
    {14, 256, 210}, {15, 256, 292}, {16, 256, 66}, {17, 256, 74},  {18, 256, 98},  {19, 256, 50},
    {20, 32, 18},   {21, 256, 110}, {22, 256, 82}, {23, 256, 136}, {24, 1, 1},     {25, 1, 2},
    {26, 1, 4},     {27, 1, 8},     {28, 1, 8},    {29, 256, 56},  {30, 1, 2},     {34, 256, 54},
    {35, 256, 66},  {39, 32, 17},   {40, 64, 36},  {41, 128, 18}};

const Layout* layout_of(std::uint32_t type) {
  const auto* found = std::ranges::find(kLayouts, type, &Layout::type);
  return found == std::end(kLayouts) ? nullptr : found;
}

// Names come from the file: what is printed of them is harmless.
std::string shown(const std::string& name) {
  std::string out = name.substr(0, 64);
  std::ranges::replace_if(out, [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

// a * b, or 0 when that is more than a signed 64-bit number holds. REQUIRES: both above 0.
std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return a > kMax / b ? 0 : a * b;
}

struct Tensor {
  std::string name;
  std::uint64_t elements = 0, bytes = 0, offset = 0;
};

std::uint64_t read_elements(Reader& reader, const std::string& name, std::uint64_t& row) {
  const auto dimensions = reader.number<std::uint32_t>();
  if (reader.ok() && (dimensions == 0 || dimensions > kMaxDimensions))
    reader.fail(fmt::format("tensor {} has {} dimensions, 1 to {} are allowed", shown(name),
                            dimensions, kMaxDimensions));
  std::uint64_t elements = 1;
  for (std::uint32_t i = 0; i < dimensions && reader.ok(); ++i) {
    const auto length = reader.number<std::uint64_t>();
    if (i == 0) row = length;
    if (reader.ok() && length == 0)
      reader.fail(fmt::format("tensor {} has a dimension of 0", shown(name)));
    else if (reader.ok())
      elements = product(elements, length);
    if (elements == 0 && reader.ok())
      reader.fail(fmt::format("the dimensions of tensor {} overflow", shown(name)));
  }
  return elements;
}

Tensor read_tensor(Reader& reader) {
  Tensor tensor;
  tensor.name = reader.string(kMaxName - 1, "a tensor's name");
  std::uint64_t row = 0;
  tensor.elements = read_elements(reader, tensor.name, row);
  const auto type = reader.number<std::uint32_t>();
  tensor.offset = reader.number<std::uint64_t>();
  if (!reader.ok()) return tensor;
  const Layout* layout = layout_of(type);
  if (layout == nullptr) {
    reader.fail(fmt::format("tensor {} has unknown type {}", shown(tensor.name), type));
  } else if (row % layout->elements != 0) {
    reader.fail(fmt::format("a row of tensor {} has {} elements, not a multiple of {}",
                            shown(tensor.name), row, layout->elements));
  } else {
    tensor.bytes = product(tensor.elements / layout->elements, layout->bytes);
    if (tensor.bytes == 0)
      reader.fail(fmt::format("the size of tensor {} overflows", shown(tensor.name)));
  }
  return tensor;
}

struct Range {
  std::uint64_t begin, end;
};

void check_overlap(Reader& reader, std::vector<Range> ranges) {
  std::ranges::sort(ranges, {}, &Range::begin);
  for (std::size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].begin < ranges[i - 1].end)
      return reader.fail(
          fmt::format("two tensors overlap at byte {} of the data section", ranges[i].begin));
}

void check_fits(Reader& reader, const TensorSection& section, const std::vector<Range>& ranges) {
  // The header is bounded by 64 MiB and the alignment by 2^31: no overflow.
  const std::uint64_t start =
      (reader.position() + section.alignment - 1) / section.alignment * section.alignment;
  for (const Range& range : ranges)
    if (start > section.file_size || range.end > section.file_size - start)
      return reader.fail(
          fmt::format("a tensor's data ends at byte {}, the file has {} (truncated?)",
                      start + range.end, section.file_size));
}

}  // namespace

std::int64_t check_tensors(Reader& reader, const TensorSection& section) {
  std::unordered_set<std::string> names;
  std::vector<Range> ranges;
  std::uint64_t elements = 0;
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  for (std::uint64_t i = 0; i < section.count; ++i) {
    Tensor tensor = read_tensor(reader);
    if (!reader.ok()) return 0;
    if (tensor.offset % section.alignment != 0)
      reader.fail(fmt::format("tensor {} begins at {}, not a multiple of {}", shown(tensor.name),
                              tensor.offset, section.alignment));
    else if (tensor.offset > kMax - tensor.bytes)
      reader.fail(fmt::format("tensor {} begins beyond any file, at {}", shown(tensor.name),
                              tensor.offset));
    else if (tensor.elements > kMax - elements)
      reader.fail("the tensors have more elements than can be counted");
    else if (ranges.push_back({tensor.offset, tensor.offset + tensor.bytes});
             !names.insert(tensor.name).second)
      reader.fail(fmt::format("two tensors are named {}", shown(tensor.name)));
    if (!reader.ok()) return 0;
    elements += tensor.elements;
  }
  check_fits(reader, section, ranges);
  check_overlap(reader, std::move(ranges));
  return static_cast<std::int64_t>(elements);
}

}  // namespace slipway::agent::gguf

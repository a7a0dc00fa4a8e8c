// Bytes as a GGUF file. The first five say how long the file is, so that it can promise more than
// it holds (the rest reads as zeros), as a sparse file does. The gate must read within the file,
// each part of it once, in few pieces, and must believe nothing that does not fit.
#include "runtime-images/agent/model/gguf.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "crds/base/check.hpp"
#include "crds/base/testing/fuzz_input.hpp"

namespace slipway::agent::gguf {
namespace {

constexpr std::uint64_t kLongest = 1ULL << 40;
// Zeros are a header's cheapest way to keep the gate busy; more of them teach a fuzzer nothing.
constexpr std::uint64_t kWalked = 1ULL << 20;
constexpr std::size_t kWindow = std::size_t{64} * 1024;

class Sparse final : public Bytes {
 public:
  Sparse(std::string_view content, std::uint64_t size) : content_(content), size_(size) {}

  std::uint64_t size() const override { return size_; }
  bool read_at(std::uint64_t offset, std::span<char> into) const override {
    SLIPWAY_CHECK(offset <= size_ && into.size() <= size_ - offset, "reads stay within the file");
    SLIPWAY_CHECK(into.size() <= kWindow, "a read is small");
    SLIPWAY_CHECK(offset >= end_, "no part is read twice");
    end_ = offset + into.size();
    if (end_ > content_.size() + kWalked) return false;
    std::ranges::fill(into, '\0');
    if (offset < content_.size()) {
      const std::string_view there = content_.substr(static_cast<std::size_t>(offset), into.size());
      std::memcpy(into.data(), there.data(), there.size());
    }
    return true;
  }

 private:
  std::string_view content_;
  std::uint64_t size_;
  mutable std::uint64_t end_ = 0;  // of the last read
};

void expect_believable(const Summary& summary, std::uint64_t file_size) {
  SLIPWAY_CHECK(known_architecture(summary.architecture), "an engine knows the architecture");
  SLIPWAY_CHECK(summary.tensors > 0, "a model has tensors");
  SLIPWAY_CHECK(summary.parameters >= summary.tensors, "a tensor has elements");
  SLIPWAY_CHECK(summary.context_length >= 0, "a context has a length");
  // The densest layout has 256 elements in 50 bytes.
  SLIPWAY_CHECK(static_cast<std::uint64_t>(summary.parameters) / 6 <= file_size,
                "the file holds what it promises");
}

}  // namespace
}  // namespace slipway::agent::gguf

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::agent::gguf;
  slipway::testing::FuzzInput input(data, size);
  const std::uint64_t promised = input.below(kLongest);
  const std::string_view content = input.rest();
  // Half of the inputs are files as they are.
  const std::uint64_t length = promised % 2 == 0 ? content.size() : promised;
  const Sparse file(content, length);
  const auto summary = inspect(file);
  if (summary) {
    expect_believable(*summary, length);
    return 0;
  }
  const Rejection& why = summary.error();
  SLIPWAY_CHECK(!why.empty() && why.size() <= 512, "a refusal is one sentence");
  SLIPWAY_CHECK(std::ranges::all_of(why, [](char c) { return c >= ' ' && c <= '~'; }),
                "a refusal can be printed");
  return 0;
}

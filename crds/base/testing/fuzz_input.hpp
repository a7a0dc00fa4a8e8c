// Test only: the bytes of a fuzzer, taken from the front as values. When they are used up every
// draw gives zero or nothing, so each prefix of an input is an input too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace slipway::testing {

class FuzzInput {
 public:
  // REQUIRES: the bytes outlive this.
  FuzzInput(const std::uint8_t* data, std::size_t size)
      : left_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return left_.empty(); }

  // A number in [0, end), from as few bytes as can tell so many apart. REQUIRES: end > 0.
  std::uint64_t below(std::uint64_t end) {
    std::uint64_t value = 0;
    for (std::uint64_t reach = end - 1; reach > 0; reach >>= 8) value = value << 8 | byte();
    return value % end;
  }
  // At most `count` bytes.
  std::string_view bytes(std::size_t count) {
    const std::string_view taken = left_.substr(0, std::min(count, left_.size()));
    left_.remove_prefix(taken.size());
    return taken;
  }
  // Up to the next line end, which is taken too, or all that is left.
  std::string_view line() {
    const std::string_view taken = left_.substr(0, left_.find('\n'));
    left_.remove_prefix(std::min(taken.size() + 1, left_.size()));
    return taken;
  }
  std::string_view rest() { return bytes(left_.size()); }

 private:
  std::uint8_t byte() {
    const std::string_view one = bytes(1);
    return one.empty() ? 0 : static_cast<std::uint8_t>(one.front());
  }

  std::string_view left_;
};

}  // namespace slipway::testing

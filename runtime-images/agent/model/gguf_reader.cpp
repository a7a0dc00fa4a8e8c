#include "runtime-images/agent/model/gguf_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::agent::gguf {
namespace {

constexpr std::size_t kWindow = std::size_t{64} * 1024;
// Tokenizers make headers of a few MiB; walking 64 MiB stays below 50 ms.
constexpr std::uint64_t kMaxHeader = 64ULL << 20;
constexpr int kMaxNesting = 2;

// Bytes of one element; 0 for what has no fixed size.
std::uint64_t width(ValueType type) {
  switch (type) {
    case ValueType::U8:
    case ValueType::I8:
    case ValueType::Bool:
      return 1;
    case ValueType::U16:
    case ValueType::I16:
      return 2;
    case ValueType::U32:
    case ValueType::I32:
    case ValueType::F32:
      return 4;
    case ValueType::U64:
    case ValueType::I64:
    case ValueType::F64:
      return 8;
    case ValueType::String:
    case ValueType::Array:
      return 0;
  }
  return 0;
}

bool is_known(ValueType type) {
  return type <= ValueType::F64;
}

}  // namespace

Reader::Reader(const Bytes& bytes) : bytes_(bytes), limit_(std::min(bytes.size(), kMaxHeader)) {}

void Reader::fail(std::string why) {
  if (!error_) error_ = std::move(why);
}

bool Reader::read(std::span<char> into) {
  if (error_) return false;
  if (into.size() > remaining()) {
    fail(limit_ < bytes_.size() ? fmt::format("the header is longer than {} bytes", limit_)
                                : fmt::format("the header ends beyond the file: byte {} of {}",
                                              position_ + into.size(), bytes_.size()));
    return false;
  }
  std::size_t done = 0;
  while (done < into.size()) {
    if (position_ < window_start_ || position_ >= window_start_ + window_.size()) {
      window_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kWindow, remaining())));
      window_start_ = position_;
      if (!bytes_.read_at(window_start_, window_)) {
        window_.clear();
        fail(fmt::format("cannot read at byte {}", position_));
        return false;
      }
    }
    const auto offset = static_cast<std::size_t>(position_ - window_start_);
    const std::size_t part = std::min(into.size() - done, window_.size() - offset);
    std::memcpy(into.data() + done, window_.data() + offset, part);
    done += part;
    position_ += part;
  }
  return true;
}

void Reader::skip(std::uint64_t count) {
  if (error_) return;
  if (count > remaining()) {
    fail(fmt::format("{} bytes at byte {} do not fit into the file's {}", count, position_,
                     bytes_.size()));
    return;
  }
  position_ += count;
}

std::string Reader::string(std::uint64_t limit, const char* what) {
  const auto length = number<std::uint64_t>();
  if (error_) return {};
  if (length > remaining()) {
    fail(fmt::format("{} of {} bytes at byte {} does not fit into the file's {}", what, length,
                     position_, bytes_.size()));
    return {};
  }
  if (length > limit) {
    fail(fmt::format("{} has {} bytes, the limit is {}", what, length, limit));
    return {};
  }
  std::string text(static_cast<std::size_t>(length), '\0');
  if (!read(text)) return {};
  return text;
}

void Reader::skip_string() {
  skip(number<std::uint64_t>());
}

void Reader::skip_array(int nesting) {
  if (nesting > kMaxNesting) {
    fail(fmt::format("arrays are nested deeper than {}", kMaxNesting));
    return;
  }
  const auto type = number<ValueType>();
  const auto count = number<std::uint64_t>();
  if (error_) return;
  if (!is_known(type)) {
    fail(fmt::format("array of unknown type {}", static_cast<std::uint32_t>(type)));
    return;
  }
  // The smallest an element can be: a string is at least its length, an array its type and count.
  const std::uint64_t smallest = type == ValueType::String  ? 8
                                 : type == ValueType::Array ? 12
                                                            : width(type);
  if (count > remaining() / smallest) {
    fail(fmt::format("array of {} elements at byte {} does not fit into the file's {}", count,
                     position_, bytes_.size()));
    return;
  }
  if (width(type) > 0) {
    skip(count * width(type));
    return;
  }
  for (std::uint64_t i = 0; i < count && ok(); ++i) skip_value(type, nesting);
}

void Reader::skip_value(ValueType type, int nesting) {
  if (error_) return;
  if (!is_known(type))
    fail(fmt::format("value of unknown type {}", static_cast<std::uint32_t>(type)));
  else if (type == ValueType::String)
    skip_string();
  else if (type == ValueType::Array)
    skip_array(nesting + 1);
  else
    skip(width(type));
}

std::optional<std::uint64_t> Reader::unsigned_value(ValueType type) {
  const auto signed_number = [](std::int64_t value) -> std::optional<std::uint64_t> {
    if (value < 0) return std::nullopt;
    return static_cast<std::uint64_t>(value);
  };
  switch (type) {
    case ValueType::U8:
      return number<std::uint8_t>();
    case ValueType::U16:
      return number<std::uint16_t>();
    case ValueType::U32:
      return number<std::uint32_t>();
    case ValueType::U64:
      return number<std::uint64_t>();
    case ValueType::I8:
      return signed_number(number<std::int8_t>());
    case ValueType::I16:
      return signed_number(number<std::int16_t>());
    case ValueType::I32:
      return signed_number(number<std::int32_t>());
    case ValueType::I64:
      return signed_number(number<std::int64_t>());
    default:
      skip_value(type, 0);
      return std::nullopt;
  }
}

}  // namespace slipway::agent::gguf

#include "gateway/body/body_scanner.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace slipway::body {
namespace {

constexpr std::size_t kBatch = 32;  // blocks: their masks stay in the nearest cache

const char* text_of(LexError error) {
  switch (error) {
    case LexError::Control:
      return "a control character in a string";
    case LexError::Escape:
      return "an invalid escape in a string";
    case LexError::Utf8:
      return "not UTF-8";
    case LexError::None:
      break;
  }
  return "";
}

}  // namespace

void BodyScanner::reset() {
  lex_ = LexState();
  grammar_ = Grammar();
  scalar_.reset();
  fields_.reset();
  hash_.reset();
  offset_ = 0;
  tail_size_ = 0;
  in_string_ = in_scalar_ = capturing_ = hashing_ = false;
  error_ = {0, nullptr};
}

tl::expected<void, BodyError> BodyScanner::push(std::string_view bytes) {
  if (error_.what != nullptr) return outcome();
  if (tail_size_ > 0) {
    const std::size_t taken = std::min(kBlock - tail_size_, bytes.size());
    std::memcpy(tail_.data() + tail_size_, bytes.data(), taken);
    tail_size_ += taken;
    bytes.remove_prefix(taken);
    if (tail_size_ < kBlock) return {};
    tail_size_ = 0;
    if (!scan(tail_.data(), 1)) return outcome();
  }
  const std::size_t blocks = bytes.size() / kBlock;
  const char* const whole = bytes.data();  // blocks * kBlock bytes
  if (blocks > 0 && !scan(whole, blocks)) return outcome();
  bytes.remove_prefix(blocks * kBlock);
  if (!bytes.empty()) std::memcpy(tail_.data(), bytes.data(), bytes.size());
  tail_size_ = bytes.size();
  return {};
}

tl::expected<void, BodyError> BodyScanner::finish() {
  if (error_.what != nullptr) return outcome();
  // Spaces end a number, and show an escape or a character that breaks off.
  std::fill(tail_.begin() + static_cast<std::ptrdiff_t>(tail_size_), tail_.end(), ' ');
  const std::uint64_t size = offset_ + tail_size_;
  const bool sound = scan(tail_.data(), 1);
  if (!sound && error_.offset < size) return outcome();
  if (!sound || in_string_ || !grammar_.done())
    fail(size, size == 0 ? "an empty body" : "the body ends before its object does");
  return outcome();
}

bool BodyScanner::scan(const char* bytes, std::size_t blocks) {
  std::array<TokenBlock, kBatch> found;
  region_ = bytes;
  region_at_ = offset_;
  while (blocks > 0) {
    const std::size_t count = std::min(blocks, kBatch);
    const Lexed lexed = lexer_(lex_, bytes, count, found.data());
    for (std::size_t i = 0; i < lexed.blocks; ++i) {
      TokenBlock block = found[i];
      const std::size_t at = block.index * kBlock;
      if (lexed.error != LexError::None && at + kBlock > lexed.error_at) {
        const std::uint64_t sound = (std::uint64_t{1} << (lexed.error_at - at)) - 1;
        block.events &= sound;
        block.scalar &= sound;
      }
      if (!take_block(block, bytes + at, offset_ + at)) return false;
    }
    if (lexed.error != LexError::None) return fail(offset_ + lexed.error_at, text_of(lexed.error));
    offset_ += count * kBlock;
    bytes += count * kBlock;
    blocks -= count;
  }
  keep_until(offset_);
  return true;
}

bool BodyScanner::take_block(const TokenBlock& block, const char* bytes, std::uint64_t base) {
  if (in_scalar_ && !take_scalar(block.scalar, 0, bytes, base)) return false;
  for (std::uint64_t events = block.events; events != 0; events &= events - 1) {
    const auto position = static_cast<unsigned>(std::countr_zero(events));
    const std::uint64_t at = base + position;
    if (in_string_) {
      if (!close_string(at)) return false;
    } else if ((block.scalar >> position & 1) == 0) {
      if (!take_event(bytes[position], at)) return false;
    } else {
      if (const char* why = grammar_.take('0'); why != nullptr) return fail(at, why);
      begin_value(bytes[position], at);
      scalar_at_ = at;
      if (!take_scalar(block.scalar, position, bytes, base)) return false;
    }
  }
  return true;
}

bool BodyScanner::take_event(char c, std::uint64_t at) {
  const int depth = grammar_.depth();
  if (c == '"') return open_string(at);
  if (const char* why = grammar_.take(c); why != nullptr) return fail(at, why);
  if (c == '{' || c == '[') {
    if (depth == 0) {
      fields_.body_begins(at);
    } else if (fields_.watches(depth)) {
      fields_.value_begins(depth, c, at);
      hashing_ = depth == 1 && fields_.is_conversation(depth);
      hash_from_ = at;
    }
  } else if (c == '}' || c == ']') {
    return end_value(at + 1);
  }
  return true;
}

bool BodyScanner::open_string(std::uint64_t at) {
  string_is_key_ = grammar_.expects_key();
  if (const char* why = grammar_.take('"'); why != nullptr) return fail(at, why);
  in_string_ = true;
  if (!string_is_key_) {
    begin_value('"', at);
    capture_from_ = at + 1;
  } else if (fields_.watches(grammar_.depth())) {
    capturing_ = true;
    captured_.clear();
    capture_from_ = at + 1;
  }
  return true;
}

bool BodyScanner::close_string(std::uint64_t at) {
  in_string_ = false;
  if (!string_is_key_) {
    if (capturing_) keep_until(at);
    return end_value(at + 1);
  }
  if (!capturing_) return true;
  keep_until(at);
  capturing_ = false;
  const char* why = fields_.key(grammar_.depth(), captured_);
  return why == nullptr || fail(at, why);
}

bool BodyScanner::take_scalar(std::uint64_t mask, unsigned position, const char* bytes,
                              std::uint64_t base) {
  const auto length = static_cast<unsigned>(std::countr_one(mask >> position));
  for (unsigned i = position; i < position + length; ++i)
    if (!scalar_.take(bytes[i])) return fail(base + i, "neither a number nor true, false or null");
  in_scalar_ = position + length == kBlock;
  return in_scalar_ || end_scalar(base + position + length);
}

bool BodyScanner::end_scalar(std::uint64_t at) {
  if (!scalar_.complete()) return fail(scalar_at_, "a number or word that breaks off");
  scalar_.reset();
  if (capturing_) keep_until(at);
  return end_value(at);
}

// Of a string or scalar. The grammar has taken it, which leaves the depth as it is.
void BodyScanner::begin_value(char first, std::uint64_t at) {
  const int depth = grammar_.depth();
  if (!fields_.watches(depth)) return;
  fields_.value_begins(depth, first, at);
  capturing_ = fields_.wants_text(depth);
  if (capturing_) captured_.clear();
  capture_from_ = at;
  if (depth == 1 && fields_.is_conversation(depth)) {
    hashing_ = true;
    hash_from_ = at;
  }
}

bool BodyScanner::end_value(std::uint64_t end) {
  const int depth = grammar_.depth();
  if (!fields_.watches(depth)) return true;
  if (depth == 1 && hashing_) {
    keep_until(end);
    hashing_ = false;
  }
  const std::uint64_t begin = fields_.value_at(depth);
  const std::string_view text = capturing_ ? std::string_view(captured_) : std::string_view();
  capturing_ = false;
  const char* why = fields_.value_ends(depth, end, text);
  return why == nullptr || fail(begin, why);
}

// Takes what the open text and the open conversation have in the region, up to `end`.
void BodyScanner::keep_until(std::uint64_t end) {
  const auto part = [&](std::uint64_t from) {
    const std::uint64_t begin = std::max(from, region_at_);
    return std::string_view(region_ + (begin - region_at_), end > begin ? end - begin : 0);
  };
  if (capturing_) {
    captured_.append(part(capture_from_).substr(0, kMaxText + 1 - captured_.size()));
    capture_from_ = end;
  }
  if (hashing_) {
    hash_.feed(part(hash_from_));
    hash_from_ = end;
  }
}

bool BodyScanner::fail(std::uint64_t offset, const char* what) {
  error_ = {offset, what};
  return false;
}

tl::expected<void, BodyError> BodyScanner::outcome() const {
  if (error_.what != nullptr) return tl::unexpected(error_);
  return {};
}

}  // namespace slipway::body

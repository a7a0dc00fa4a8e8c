#include "runtime-images/agent/http/chunked.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::agent::http {
namespace {

constexpr int kMaxDigits = 15;  // fits 64 bits with room to spare
constexpr std::size_t kMaxExtension = 256;
constexpr std::size_t kMaxTrailers = 4096;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::size_t ChunkDecoder::feed(std::string_view bytes, std::string& body) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ != State::Done && state_ != State::Failed) {
    if (state_ == State::Data) {
      const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
      body.append(bytes.substr(at, part));
      left_ -= part;
      at += part;
      if (left_ == 0) state_ = State::DataCr;
    } else {
      step(bytes[at++]);
    }
  }
  return at;
}

void ChunkDecoder::expect(char c, char wanted, State next) {
  state_ = c == wanted ? next : State::Failed;
}

void ChunkDecoder::after_size() {
  digits_ = 0;
  overhead_ = 0;
  state_ = left_ == 0 ? State::Trailer : State::Data;
}

void ChunkDecoder::step_size(char c) {
  if (const int digit = hex_value(c); digit >= 0) {
    left_ = digits_ == 0 ? 0 : left_;
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    if (++digits_ > kMaxDigits) state_ = State::Failed;
  } else if (digits_ > 0 && c == '\r') {
    state_ = State::SizeEnd;
  } else if (digits_ > 0 && c == ';') {
    state_ = State::Extension;
  } else {
    state_ = State::Failed;
  }
}

void ChunkDecoder::step_trailer(char c) {
  if (++overhead_ > kMaxTrailers || c == '\n') {
    state_ = State::Failed;
  } else if (c == '\r') {
    state_ = State::TrailerEnd;
  } else {
    line_empty_ = false;
  }
}

void ChunkDecoder::step(char c) {
  switch (state_) {
    case State::Size:
      return step_size(c);
    case State::Extension:
      if (c == '\r')
        state_ = State::SizeEnd;
      else if (c == '\n' || ++overhead_ > kMaxExtension)
        state_ = State::Failed;
      return;
    case State::SizeEnd:
      if (c == '\n') return after_size();
      state_ = State::Failed;
      return;
    case State::DataCr:
      return expect(c, '\r', State::DataLf);
    case State::DataLf:
      return expect(c, '\n', State::Size);
    case State::Trailer:
      return step_trailer(c);
    case State::TrailerEnd:
      expect(c, '\n', line_empty_ ? State::Done : State::Trailer);
      line_empty_ = true;
      return;
    case State::Data:
    case State::Done:
    case State::Failed:
      return;
  }
}

std::string chunk_head(std::size_t size) {
  return fmt::format("{:x}\r\n", size);
}

}  // namespace slipway::agent::http

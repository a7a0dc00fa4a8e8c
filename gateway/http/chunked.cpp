#include "gateway/http/chunked.hpp"

#include <algorithm>

#include "crds/base/check.hpp"
#include "gateway/http/characters.hpp"

namespace slipway::http {
namespace {

constexpr int kBad = 400;
constexpr std::uint8_t kMostDigits = 16;

}  // namespace

Parsed<ChunkedDecoder::Step> ChunkedDecoder::next(std::string_view bytes) {
  SLIPWAY_CHECK(!ended(), "what follows a body belongs to the next message");
  std::size_t at = 0;
  while (at < bytes.size() && state_ != State::Data && !ended())
    if (const auto taken = take(bytes[at++]); !taken) return tl::unexpected(taken.error());
  if (state_ != State::Data) return Step{at, {}};

  const std::string_view payload = bytes.substr(at, std::min<std::uint64_t>(left_, bytes.size()));
  left_ -= payload.size();
  if (left_ == 0) state_ = State::DataCr;
  return Step{at + payload.size(), payload};
}

Parsed<> ChunkedDecoder::take(char c) {
  switch (state_) {
    case State::SizeStart:
    case State::Size:
      return take_size(c);
    case State::Extension:
      if (++extensions_ > limits_.extension_bytes) return refuse(kBad, "too many chunk extensions");
      if (c == '\r')
        state_ = State::SizeLf;
      else if (!is(kFieldValue, c))
        return refuse(kBad, "an invalid chunk extension");
      return {};
    case State::SizeLf:
      if (c != '\n') return refuse(kBad, "a chunk size without its line end");
      return begin_data();
    case State::DataCr:
      return expect(c, '\r', State::DataLf);
    case State::DataLf:
      return expect(c, '\n', State::SizeStart);
    case State::LastLf:
      return expect(c, '\n', State::End);
    default:
      return take_trailer(c);
  }
}

Parsed<> ChunkedDecoder::take_size(char c) {
  if (is(kHexDigit, c)) {
    if (state_ == State::SizeStart) left_ = digits_ = 0;
    if (++digits_ > kMostDigits) return refuse(kBad, "a chunk size that is too long");
    const int digit = is(kDigit, c) ? c - '0' : lower(c) - 'a' + 10;
    left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
    state_ = State::Size;
    return {};
  }
  if (state_ == State::Size && c == '\r') {
    state_ = State::SizeLf;
  } else if (state_ == State::Size && c == ';') {
    state_ = State::Extension;
  } else {
    return refuse(kBad, "an invalid chunk size");
  }
  return {};
}

Parsed<> ChunkedDecoder::begin_data() {
  // A size near 2^64 must not wrap the sum: total_ never exceeds the limit.
  if (left_ > limits_.body_bytes - total_) return refuse(413, "a body that is too large");
  total_ += left_;
  state_ = left_ > 0 ? State::Data : State::TrailerStart;
  return {};
}

Parsed<> ChunkedDecoder::expect(char c, char wanted, State then) {
  if (c != wanted) return refuse(kBad, "a chunk that does not end where its size says");
  state_ = then;
  return {};
}

Parsed<> ChunkedDecoder::take_trailer(char c) {
  if (++trailers_ > limits_.trailer_bytes) return refuse(431, "trailers that are too large");
  if (state_ == State::TrailerStart && c == '\r') {
    state_ = State::LastLf;
  } else if (state_ == State::TrailerName && c == ':') {
    state_ = State::TrailerValue;
  } else if (state_ == State::TrailerStart || state_ == State::TrailerName) {
    if (!is(kToken, c)) return refuse(kBad, "an invalid trailer");
    state_ = State::TrailerName;
  } else if (state_ == State::TrailerValue && c == '\r') {
    state_ = State::TrailerLf;
  } else if (state_ == State::TrailerValue) {
    if (!is(kFieldValue, c)) return refuse(kBad, "a control character in a trailer");
  } else {
    return expect(c, '\n', State::TrailerStart);
  }
  return {};
}

}  // namespace slipway::http

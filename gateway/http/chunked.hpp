// Takes the chunked transfer coding off a body (RFC 9112 section 7.1) as its bytes arrive, in
// pieces of any size. Pure; one decoder per body, used by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/http/message.hpp"

namespace slipway::http {

struct ChunkedLimits {
  std::uint64_t body_bytes = 32u << 20;    // payload; beyond: 413
  std::size_t extension_bytes = 4u << 10;  // of all chunks together; beyond: 400
  std::size_t trailer_bytes = 8u << 10;    // the trailer section; beyond: 431
};

class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(const ChunkedLimits& limits = {}) : limits_(limits) {}

  struct Step {
    std::size_t consumed = 0;  // of the bytes that were given
    std::string_view payload;  // a part of them; may be empty
  };

  // Takes framing and then at most one span of payload from the front of `bytes`. A caller goes on
  // with what was not consumed until that is empty or the body has ended. After a refusal (400; 413
  // or 431 at a limit) the decoder must not be used again. REQUIRES: !ended().
  //
  // Chunk sizes are hexadecimal digits and nothing else: no sign, no prefix, no spaces, at most 16
  // digits. Extensions are ignored. Trailer fields are checked as a head's are, and dropped.
  Parsed<Step> next(std::string_view bytes);

  // The last chunk and its trailers have been consumed: what follows is the next message.
  bool ended() const { return state_ == State::End; }
  // Bytes of payload so far.
  std::uint64_t payload_bytes() const { return total_; }

 private:
  enum class State : std::uint8_t {
    SizeStart,  // the first digit of a chunk's size
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerStart,  // the first byte of a trailer line, or the CR of the line that ends the body
    TrailerName,
    TrailerValue,
    TrailerLf,
    LastLf,
    End
  };

  Parsed<> take(char c);
  Parsed<> take_size(char c);
  Parsed<> take_trailer(char c);
  Parsed<> expect(char c, char wanted, State then);
  Parsed<> begin_data();

  ChunkedLimits limits_;
  State state_ = State::SizeStart;
  std::uint8_t digits_ = 0;
  std::uint64_t left_ = 0;   // of the chunk whose size was read
  std::uint64_t total_ = 0;  // payload of the chunks whose size was read
  std::size_t extensions_ = 0;
  std::size_t trailers_ = 0;
};

}  // namespace slipway::http

// The chunked transfer coding (RFC 9112 section 7.1), decoded as it arrives. Strict: CRLF only,
// bounded sizes, extensions and trailers; trailers are read and dropped. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace slipway::agent::http {

class ChunkDecoder {
 public:
  // Appends what `bytes` hold of the body to `body` and returns how many of them belonged to the
  // message: fewer than given once the message is complete. After an error it takes nothing more.
  std::size_t feed(std::string_view bytes, std::string& body);

  bool done() const { return state_ == State::Done; }
  bool failed() const { return state_ == State::Failed; }

 private:
  enum class State {
    Size,
    Extension,
    SizeEnd,
    Data,
    DataCr,
    DataLf,
    Trailer,
    TrailerEnd,
    Done,
    Failed
  };

  void step(char c);
  void step_size(char c);
  void step_trailer(char c);
  void expect(char c, char wanted, State next);
  void after_size();

  State state_ = State::Size;
  std::uint64_t left_ = 0;    // of the chunk's data
  int digits_ = 0;            // of its size
  std::size_t overhead_ = 0;  // bytes of this extension, or of all trailers
  bool line_empty_ = true;    // of the trailer line
};

// One chunk around `size` bytes: what goes before them. After them goes "\r\n".
std::string chunk_head(std::size_t size);

inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace slipway::agent::http

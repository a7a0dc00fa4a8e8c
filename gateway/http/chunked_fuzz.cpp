// Any bytes as a chunked body: cut in two ways it must give the same payload and end at the same
// place, and what it has given never exceeds the limit or the input.
#include <string>

#include "crds/base/check.hpp"
#include "crds/base/testing/fuzz_input.hpp"
#include "gateway/http/chunked.hpp"

namespace slipway::http {
namespace {

constexpr ChunkedLimits kLimits{.body_bytes = 4096, .extension_bytes = 64, .trailer_bytes = 256};

struct Decoded {
  std::string payload;
  std::size_t consumed = 0;
  bool ended = false;
  bool refused = false;
};

Decoded decode(std::string_view bytes, std::size_t largest) {
  ChunkedDecoder decoder(kLimits);
  Decoded decoded;
  while (!bytes.empty() && !decoder.ended()) {
    const std::string piece(bytes.substr(0, 1 + decoded.consumed % largest));
    const auto step = decoder.next(piece);
    if (!step) {
      decoded.refused = true;
      return decoded;
    }
    SLIPWAY_CHECK(step->consumed > 0 && step->consumed <= piece.size(), "it goes on");
    decoded.payload += step->payload;
    decoded.consumed += step->consumed;
    bytes.remove_prefix(step->consumed);
  }
  SLIPWAY_CHECK(decoded.payload.size() <= decoder.payload_bytes() &&
                    decoder.payload_bytes() <= kLimits.body_bytes,
                "the payload is bounded");
  decoded.ended = decoder.ended();
  return decoded;
}

}  // namespace
}  // namespace slipway::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::http;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Decoded bytewise = decode(bytes, 1);
  const Decoded pieces = decode(bytes, 61);
  SLIPWAY_CHECK(bytewise.refused == pieces.refused && bytewise.payload == pieces.payload,
                "where bytes are cut is nothing");
  SLIPWAY_CHECK(bytewise.refused || bytewise.consumed == pieces.consumed, "the end is the same");
  SLIPWAY_CHECK(bytewise.ended == pieces.ended, "the end is the same");
  return 0;
}

#include "gateway/http/chunked.hpp"

#include <gtest/gtest.h>

#include <string>

namespace slipway::http {
namespace {

struct Decoded {
  std::string payload;
  std::size_t consumed = 0;
  bool ended = false;
  int status = 0;  // of a refusal

  friend bool operator==(const Decoded&, const Decoded&) = default;
};

// Decodes the bytes given as the piece before `cut` and the piece behind it.
Decoded decode(std::string_view bytes, std::size_t cut, const ChunkedLimits& limits = {}) {
  ChunkedDecoder decoder(limits);
  Decoded decoded;
  for (std::string_view piece : {bytes.substr(0, cut), bytes.substr(cut)}) {
    while (!piece.empty() && !decoder.ended()) {
      const auto step = decoder.next(piece);
      if (!step) {
        decoded.status = step.error().status;
        return decoded;
      }
      decoded.payload += step->payload;
      decoded.consumed += step->consumed;
      piece.remove_prefix(step->consumed);
    }
  }
  decoded.ended = decoder.ended();
  return decoded;
}

TEST(Chunked, IsTheSameHoweverItIsCut) {
  const std::string bytes =
      "4\r\nWiki\r\n00A;x=\"y\"\r\n0123456789\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\nGET / HTTP/1.1";
  const Decoded whole = decode(bytes, 0);
  EXPECT_EQ(whole.payload, "Wiki0123456789");
  EXPECT_TRUE(whole.ended);
  EXPECT_EQ(whole.consumed, bytes.find("GET"));
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) EXPECT_EQ(decode(bytes, cut), whole) << cut;
}

TEST(Chunked, PayloadIsAPartOfTheInput) {
  const std::string bytes = "5\r\nabcde\r\n";
  ChunkedDecoder decoder;
  const auto step = decoder.next(bytes);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->payload.data(), bytes.data() + 3);
  EXPECT_EQ(decoder.payload_bytes(), 5U);
  EXPECT_FALSE(decoder.ended());
}

class RefusesChunks : public testing::TestWithParam<const char*> {};

TEST_P(RefusesChunks, HoweverTheyAreCut) {
  const std::string_view bytes = GetParam();
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut)
    EXPECT_EQ(decode(bytes, cut).status, 400) << cut;
}

INSTANTIATE_TEST_SUITE_P(Table, RefusesChunks,
                         testing::Values("\r\n", " 1\r\na\r\n", "1 \r\na\r\n", "+1\r\na\r\n",
                                         "-1\r\na\r\n", "0x1\r\na\r\n", "g\r\n", ";x\r\n",
                                         "1\na\r\n", "1\r\nab\r\n", "1\r\na\n", "1\r\na\r\r\n",
                                         "1\ra", "00000000000000001\r\na\r\n", "1;a\nb\r\na\r\n",
                                         "1;\x01\r\na\r\n", "0\r\n\n", "0\r\nX : 1\r\n\r\n",
                                         "0\r\n X: 1\r\n\r\n", "0\r\nX: 1\n\r\n", "0\r\nX\r\n\r\n",
                                         "0\r\n:\r\n\r\n", "0\r\n\rX"));

TEST(Chunked, HasLimits) {
  const ChunkedLimits limits{.body_bytes = 8, .extension_bytes = 8, .trailer_bytes = 8};
  EXPECT_EQ(decode("4\r\nabcd\r\n4\r\nabcd\r\n0\r\n\r\n", 0, limits).status, 0);
  EXPECT_EQ(decode("4\r\nabcd\r\n5\r\n", 0, limits).status, 413);
  EXPECT_EQ(decode("1\r\na\r\nffffffffffffffff\r\n", 0, limits).status, 413);
  EXPECT_EQ(decode("1;abcd\r\na\r\n1;abcd\r\n", 0, limits).status, 400);
  EXPECT_EQ(decode("0\r\nA: bcdefgh", 0, limits).status, 431);
}

}  // namespace
}  // namespace slipway::http

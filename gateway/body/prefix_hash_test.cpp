#include "gateway/body/prefix_hash.hpp"

#include <gtest/gtest.h>

#include <string>

namespace slipway::body {
namespace {

std::vector<std::uint64_t> hashes_of(std::string_view text, std::size_t piece) {
  PrefixHash hash;
  while (!text.empty()) {
    hash.feed(text.substr(0, piece));
    text.remove_prefix(std::min(piece, text.size()));
  }
  return {hash.hashes().begin(), hash.hashes().end()};
}

std::string text_of(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i * i) + " ";
  text.resize(size);
  return text;
}

TEST(PrefixHash, HasOneForEachFullBlock) {
  EXPECT_EQ(hashes_of(text_of(63), 63).size(), 0U);
  EXPECT_EQ(hashes_of(text_of(64), 64).size(), 1U);
  EXPECT_EQ(hashes_of(text_of(4096 + 1023), 99999).size(), 64U);
  EXPECT_EQ(hashes_of(text_of(4096 + 1024), 99999).size(), 65U);
  EXPECT_EQ(hashes_of(text_of(3u << 20), 99999).size(), PrefixHash::kMostBlocks);
}

TEST(PrefixHash, IsTheSameHoweverItIsCut) {
  const std::string text = text_of(9000);
  const auto whole = hashes_of(text, text.size());
  for (const std::size_t piece : {1, 7, 63, 64, 65, 1000, 1024, 5000})
    EXPECT_EQ(hashes_of(text, piece), whole) << piece;
}

TEST(PrefixHash, CoversAllThatCameBefore) {
  std::string text = text_of(9000);
  const auto before = hashes_of(text, 9000);
  const auto longer = hashes_of(text + "more", 9004);
  EXPECT_EQ(longer, before);
  text[300] = '#';
  const auto after = hashes_of(text, 9000);
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(before[i] == after[i], i < 300 / 64) << i;
}

TEST(PrefixHash, IsAnotherForAnotherTenant) {
  EXPECT_NE(seeded(1, 2), seeded(1, 3));
  EXPECT_NE(seeded(1, 2), seeded(2, 2));
  EXPECT_EQ(seeded(1, 2), seeded(1, 2));
}

}  // namespace
}  // namespace slipway::body

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "gateway/picking/prefix_chain.hpp"
#include "gateway/picking/prefix_shares.hpp"
#include "gateway/picking/recent_prefixes.hpp"
#include "gateway/picking/rendezvous.hpp"
#include "gateway/picking/testing/links.hpp"

namespace slipway::gateway {
namespace {

std::string text(std::size_t bytes, char fill) {
  return std::string(bytes, fill);
}

TEST(PrefixChain, HasABlockFor64BytesTo4KiBAndFor1KiBAfterThat) {
  const struct {
    std::size_t bytes, blocks;
  } cases[] = {{0, 0},     {63, 0},    {64, 1},    {127, 1},      {4095, 63},
               {4096, 64}, {5119, 64}, {5120, 65}, {225'280, 280}};
  for (const auto& [bytes, blocks] : cases) {
    EXPECT_EQ(block_count(bytes), blocks) << bytes;
    EXPECT_EQ(links_of(text(bytes, 'x')).size(), blocks) << bytes;
    EXPECT_TRUE(blocks == 0 || block_end(blocks - 1) <= bytes) << bytes;
  }
}

TEST(PrefixChain, IsSharedUpToTheFirstByteThatDiffers) {
  const std::string common = text(6000, 's');
  const auto a = links_of(common + text(3000, 'a'));
  const auto b = links_of(common + text(3000, 'b'));
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_EQ(a[i] == b[i], block_end(i) <= 6000) << "block " << i;
}

TEST(PrefixChain, LooksBeyondTheFirst16KiB) {
  std::string other = text(40'000, 'x');
  other[39'000] = 'y';
  const auto a = links_of(text(40'000, 'x'));
  const auto b = links_of(other);
  EXPECT_EQ(a[70], b[70]);
  EXPECT_NE(a.back(), b.back());
}

TEST(PrefixChain, KeepsSeedsApart) {
  std::set<std::uint64_t> seen;
  const std::string prompt = text(20'000, 'x');
  std::size_t links = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto chain = links_of(prompt, seed);
    links += chain.size();
    seen.insert(chain.begin(), chain.end());
  }
  EXPECT_EQ(seen.size(), links) << "no two share a link";
}

TEST(PrefixShares, StaysAtTheFirstBlockOfWhatIsRare) {
  PrefixShares shares;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const std::vector<std::uint64_t> chain{mix(3 * i + 1), mix(3 * i + 2)};
    const AffinityKey key = shares.count(chain, 1.0 / 16);
    EXPECT_EQ(key.key, chain[0]);
    EXPECT_EQ(key.depth, 1U);
    EXPECT_FALSE(key.common);
  }
}

TEST(PrefixShares, GoesBehindASystemPromptThatAllShare) {
  PrefixShares shares;
  const std::string system = text(8192, 's');
  std::set<std::uint64_t> keys;
  for (int user = 0; user < 2000; ++user) {
    const auto chain = links_of(system + std::to_string(user % 500) + text(2048, 'u'));
    const AffinityKey key = shares.count(chain, 1.0 / 16);
    if (user < 1000) continue;
    EXPECT_GT(block_end(key.depth - 1), 8192U);
    keys.insert(key.key);
  }
  EXPECT_EQ(keys.size(), 500U) << "one key for each user, the same every time";
}

TEST(PrefixShares, SaysWhenAPromptIsNothingButCommon) {
  PrefixShares shares;
  const auto chain = links_of(text(8192, 's'));
  AffinityKey key;
  for (int i = 0; i < 500; ++i) key = shares.count(chain, 1.0 / 16);
  EXPECT_TRUE(key.common);
  EXPECT_GT(key.share, 0.8);
  EXPECT_LE(key.share, 1);
}

TEST(PrefixShares, HasNoKeyForLessThanABlock) {
  PrefixShares shares;
  EXPECT_EQ(shares.count({}, 0.1).key, 0U);
}

TEST(PrefixShares, ForgetsWhatIsNoLongerAsked) {
  PrefixShares shares;
  const auto old = links_of(text(4096, 'o'));
  for (int i = 0; i < 1000; ++i) (void)shares.count(old, 1.0 / 16);
  for (std::uint64_t i = 0; i < 12'000; ++i) {
    const std::vector<std::uint64_t> chain{mix(i)};
    (void)shares.count(chain, 1.0 / 16);
  }
  EXPECT_EQ(shares.count(old, 1.0 / 16).depth, 1U);
}

TEST(RecentPrefixes, FindsTheLongestBeginningToAQuarter) {
  RecentPrefixes recent;
  const auto first = links_of(text(20'000, 'x'));
  recent.note(first, 1, 7);
  const auto next_turn = links_of(text(20'000, 'x') + text(20'000, 'y'));
  const auto found = recent.find(next_turn, 1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->endpoint, 7U);
  EXPECT_LE(found->depth, first.size());
  EXPECT_GE(found->depth, first.size() * 3 / 4);
  EXPECT_FALSE(recent.find(links_of(text(20'000, 'z')), 1));
}

TEST(RecentPrefixes, BelievesTheLastPlacement) {
  RecentPrefixes recent;
  const auto chain = links_of(text(3000, 'x'));
  recent.note(chain, 1, 7);
  recent.note(chain, 1, 8);
  EXPECT_EQ(recent.find(chain, 1)->endpoint, 8U);
}

TEST(RecentPrefixes, KeepsItsSizeWhateverComes) {
  RecentPrefixes recent;
  const auto kept = links_of(text(3000, 'x'));
  for (std::uint64_t i = 0; i < 300'000; ++i) {
    const std::vector<std::uint64_t> chain{mix(i)};
    recent.note(chain, 1, 1);
    if (i % 1000 == 0) recent.note(kept, 1, 2);
  }
  EXPECT_TRUE(recent.find(kept, 1)) << "what is used stays";
  const std::vector<std::uint64_t> old{mix(5)};
  EXPECT_FALSE(recent.find(old, 1));
}

TEST(RecentPrefixes, TellsEachPlacementOnce) {
  RecentPrefixes here;
  RecentPrefixes there;
  const auto a = links_of(text(3000, 'a'));
  const auto b = links_of(text(3000, 'b'));
  here.note(a, 1, 1);
  const auto first = here.news(0);
  here.note(b, 1, 2);
  const auto second = here.news(first.next);
  EXPECT_EQ(first.placements.size(), second.placements.size());
  there.learn(first.placements);
  EXPECT_TRUE(there.find(a, 1));
  EXPECT_FALSE(there.find(b, 1));
  there.learn(second.placements);
  EXPECT_EQ(there.find(b, 1)->endpoint, 2U);
  EXPECT_TRUE(here.news(second.next).placements.empty());
  EXPECT_TRUE(there.news(0).placements.empty()) << "what was learnt is not told again";
  EXPECT_EQ(here.news(1'000'000).placements.size(), first.placements.size() * 2)
      << "a number from before a restart";
}

}  // namespace
}  // namespace slipway::gateway

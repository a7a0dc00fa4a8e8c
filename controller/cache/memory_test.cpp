// What the cache keeps of what is watched, in bytes of the heap: with the map's nodes, the index
// and the allocator's own share.
#include <gtest/gtest.h>
#include <malloc.h>

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <string>

#include "controller/cache/cache.hpp"
#include "crds/base/json.hpp"

namespace slipway {
namespace {

constexpr std::size_t kServices = 500;
constexpr std::size_t kMostPerObject = 1024;  // the budget: 1 KiB per watched object

std::size_t heap_in_use() {
  return mallinfo2().uordblks + mallinfo2().hblkhd;
}

// The objects of one service, as an API server 1.34 sent them.
Json recorded() {
  std::ifstream file("controller/cache/testdata/one_service.json");
  return Json::parse(file).at("items");
}

std::string renamed(const std::string& object, const std::string& name) {
  std::string out;
  std::size_t done = 0;
  for (auto at = object.find("chat"); at != std::string::npos; at = object.find("chat", done)) {
    out.append(object, done, at - done).append(name);
    done = at + 4;
  }
  return out.append(object, done);
}

void see(Cache& cache, Watched kind, std::string text) {
  const std::size_t size = text.size();
  text.resize(size + kube::kJsonPadding);
  const Ingested ingested =
      cache.ingest(kind, kube::Seen{kube::Change::Added, std::string_view(text).substr(0, size)});
  ASSERT_FALSE(ingested.undecodable) << ingested.undecodable->what;
}

TEST(CacheMemory, StaysBelowOneKiBPerObject) {
  if (heap_in_use() == 0) GTEST_SKIP() << "this allocator does not count";
  const Json objects = recorded();
  Cache cache;
  std::map<std::string, std::size_t> bytes;
  for (const Json& object : objects) {
    const std::string kind = object.at("kind"), text = object.dump();
    const Watched watched = watched_kind(object.at("apiVersion").get<std::string>(), kind).value();
    const std::size_t before = heap_in_use();
    for (std::size_t i = 0; i < kServices; ++i)
      see(cache, watched, renamed(text, fmt::format("inference-service-{:04}", i)));
    bytes[kind] = (heap_in_use() - before) / kServices;
  }
  std::size_t sum = 0;
  std::string table;
  for (const auto& [kind, count] : bytes) {
    sum += count;
    table += fmt::format("{:5} {}\n", count, kind);
  }
  RecordProperty("bytes_per_service", static_cast<int>(sum));
  EXPECT_LE(sum / objects.size(), kMostPerObject) << table;
  if (sum > 0) fmt::print("{}{:5} together\n", table, sum);
}

}  // namespace
}  // namespace slipway

#include "gateway/auth/jwt/token_cache.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "crds/base/check.hpp"
#include "gateway/auth/jwt/openssl.hpp"

namespace slipway::jwt {
namespace {

constexpr std::size_t kPlaces = 8;  // of one token

}  // namespace

void TokenCache::FreeContext::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

TokenCache::TokenCache(std::size_t entries)
    : entries_(std::bit_ceil(std::max(entries, kPlaces))), hashing_(EVP_MD_CTX_new()) {
  SLIPWAY_CHECK(hashing_ && EVP_DigestInit_ex2(hashing_.get(), EVP_sha256(), nullptr) == 1,
                "SHA-256 is built into OpenSSL");
}

TokenCache::Digest TokenCache::digest_of(std::string_view token) const {
  Digest digest{};
  // Without a type, it starts again with the one that it has, and need not look for it.
  SLIPWAY_CHECK(
      EVP_DigestInit_ex2(hashing_.get(), nullptr, nullptr) == 1 &&
          EVP_DigestUpdate(hashing_.get(), token.data(), token.size()) == 1 &&
          EVP_DigestFinal_ex(hashing_.get(), reinterpret_cast<unsigned char*>(digest.data()),
                             nullptr) == 1,
      "hashing memory does not fail");
  return digest;
}

TokenCache::Entry* TokenCache::places_of(const Digest& token) {
  const std::size_t groups = entries_.size() / kPlaces;
  return &entries_[(token[0] & (groups - 1)) * kPlaces];
}

std::shared_ptr<const Identity> TokenCache::find(const Digest& token, std::uint64_t epoch,
                                                 Time now) {
  Entry* const first = places_of(token);
  Entry* const end = first + kPlaces;
  Entry* const entry =
      std::find_if(first, end, [&](const Entry& one) { return one.token == token; });
  if (entry == end || entry->epoch != epoch || now >= entry->until) return nullptr;
  entry->used = ++clock_;
  return entry->identity;
}

void TokenCache::put(const Digest& token, std::uint64_t epoch, Time until,
                     std::shared_ptr<const Identity> identity) {
  Entry* const first = places_of(token);
  Entry* const end = first + kPlaces;
  Entry* place = std::find_if(first, end, [&](const Entry& one) { return one.token == token; });
  if (place == end)
    place = std::min_element(first, end,
                             [](const Entry& a, const Entry& b) { return a.used < b.used; });
  *place = {token, epoch, until, ++clock_, std::move(identity)};
}

}  // namespace slipway::jwt

// Tokens whose signature has been verified already, so that a client's next request costs a hash
// and not a verification. Of a token only its SHA-256 is kept. Bounded: only tokens that an issuer
// has signed get in, and the one that was used longest ago goes. One for each thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "gateway/auth/jwt/claims.hpp"

struct evp_md_ctx_st;

namespace slipway::jwt {

class TokenCache {
 public:
  // Room for `entries` tokens, rounded up to a power of two (about 80 bytes each, and an identity).
  explicit TokenCache(std::size_t entries = 4096);

  using Digest = std::array<std::uint64_t, 4>;
  Digest digest_of(std::string_view token) const;

  // Who calls with that token; null when that must be found out (again): never verified, forgotten,
  // at its end, or verified in another epoch.
  std::shared_ptr<const Identity> find(const Digest& token, std::uint64_t epoch, Time now);
  // REQUIRES: the token was accepted in that epoch; it is until `until`.
  void put(const Digest& token, std::uint64_t epoch, Time until,
           std::shared_ptr<const Identity> identity);

 private:
  struct Entry {
    Digest token{};
    std::uint64_t epoch = 0;
    Time until{};
    std::uint64_t used = 0;  // when, as a count of look-ups and insertions
    std::shared_ptr<const Identity> identity;
  };
  struct FreeContext {
    void operator()(evp_md_ctx_st* context) const;
  };
  // The entries among which a token is looked for.
  Entry* places_of(const Digest& token);

  std::vector<Entry> entries_;
  std::uint64_t clock_ = 0;
  std::unique_ptr<evp_md_ctx_st, FreeContext> hashing_;
};

}  // namespace slipway::jwt

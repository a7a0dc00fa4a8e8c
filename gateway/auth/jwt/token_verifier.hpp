// The check of a request's token: verify_token() behind a TokenCache. One for each thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "gateway/auth/jwt/token_cache.hpp"
#include "gateway/auth/jwt/verify.hpp"

namespace slipway::jwt {

class TokenVerifier {
 public:
  explicit TokenVerifier(std::size_t cached_tokens = 4096) : cache_(cached_tokens) {}

  // As verify_token(); a token that is used again costs a hash. Never null.
  Verdict<std::shared_ptr<const Identity>> verify(std::string_view token, const Trust& trust,
                                                  Time now);

 private:
  TokenCache cache_;
};

}  // namespace slipway::jwt

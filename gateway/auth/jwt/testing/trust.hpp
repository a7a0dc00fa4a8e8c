// Test only: one issuer, its rules, and tokens' claims that satisfy them at `kNow`.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "crds/base/check.hpp"
#include "gateway/auth/jwt/verify.hpp"

namespace slipway::jwt::testing {

inline constexpr Time kNow{std::chrono::seconds(1'800'000'000)};  // 2027-01-15T08:00:00Z
inline constexpr const char* kIssuer = "https://issuer.example.test";
// The claims without the brace that ends them.
inline constexpr const char* kClaims =
    R"({"iss":"https://issuer.example.test","aud":"slipway","sub":"ann","tenant":"red")"
    R"(,"exp":1800000600,"nbf":1799999400,"iat":1799999400)";

inline std::string claims(std::string_view more = "") {
  return std::string(kClaims).append(more) + "}";
}

inline Issuer rules() {
  Issuer issuer;
  issuer.name = kIssuer;
  issuer.audiences = {"slipway", "models"};
  issuer.claim = "tenant";
  return issuer;
}

inline Trust trust_in(std::string_view jwks, Issuer issuer = rules()) {
  auto set = parse_jwks(jwks);
  SLIPWAY_CHECK(set.has_value(), "the keys of a test can be read");
  Trust trust;
  trust.issuers.push_back({std::move(issuer), std::make_shared<const KeySet>(*std::move(set)),
                           kNow + std::chrono::hours(1)});
  trust.epoch = 1;
  return trust;
}

}  // namespace slipway::jwt::testing

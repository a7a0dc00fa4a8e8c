// Test only: an issuer's private key, which signs tokens and publishes its public half.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/auth/jwt/algorithm.hpp"

struct evp_pkey_st;

namespace slipway::jwt::testing {

std::string base64url(std::string_view bytes);

class Signer {
 public:
  // A new key. `rsa_bits` counts for RSA only.
  static Signer make(KeyType type, unsigned rsa_bits = 2048);
  // The key of RFC 8037 appendix A.1: always the same one, and its signatures are too.
  static Signer rfc8037();

  // In the form of RFC 7518 section 3. REQUIRES: the algorithm fits the type of key. `pss_salt` is
  // in bytes, of PS256 and its like only; -1: as long as the hash, as it must be.
  std::string sign(Algorithm algorithm, std::string_view bytes, int pss_salt = -1) const;
  // A compact token of these two, whatever they say.
  std::string token(Algorithm algorithm, std::string_view header, std::string_view payload) const;
  // `{"alg":...}`, and `kid` where it is not empty.
  std::string token(Algorithm algorithm, std::string_view payload, const char* key_id) const;

  // A JWK with further members in front: R"("kid":"1","use":"sig",)".
  std::string jwk(std::string_view more = "") const;

 private:
  Signer(KeyType type, std::shared_ptr<evp_pkey_st> key) : type_(type), key_(std::move(key)) {}

  KeyType type_;
  std::shared_ptr<evp_pkey_st> key_;
};

// `{"keys":[...]}` of comma-separated JWKs.
std::string key_set(std::string_view jwks);

}  // namespace slipway::jwt::testing

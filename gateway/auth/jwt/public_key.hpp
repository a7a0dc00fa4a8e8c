// A public key of an issuer, and the check of a signature with it, over OpenSSL. Immutable; any
// number of threads may verify with one key.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "gateway/auth/jwt/algorithm.hpp"

struct evp_pkey_st;

namespace slipway::jwt {

class PublicKey {
 public:
  // From the raw values of a JWK, big-endian. nullopt for a key that must not be trusted.
  //
  // 2048 to 8192 bits (RFC 7518 section 3.3; above, a signature costs too much), an odd exponent of
  // 3 up to 32 bits.
  static std::optional<PublicKey> rsa(std::string_view modulus, std::string_view exponent);
  // Coordinates of the curve's full width (RFC 7518 section 6.2.1.2), of a point that is on it.
  // REQUIRES: `curve` is one of P256, P384, P521.
  static std::optional<PublicKey> ec(KeyType curve, std::string_view x, std::string_view y);
  static std::optional<PublicKey> ed25519(std::string_view raw);

  KeyType type() const { return type_; }

  // `signature` in the form of RFC 7518 section 3: of ECDSA, r and s side by side. False for an
  // algorithm of another type of key.
  bool verifies(Algorithm algorithm, std::string_view signed_bytes,
                std::string_view signature) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using Held = std::unique_ptr<evp_pkey_st, Free>;

  PublicKey(KeyType type, Held key) : type_(type), key_(std::move(key)) {}
  std::size_t signature_size() const;

  KeyType type_;
  Held key_;
};

}  // namespace slipway::jwt

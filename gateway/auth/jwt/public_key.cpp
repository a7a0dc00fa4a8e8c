#include "gateway/auth/jwt/public_key.hpp"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <string>

#include "crds/base/check.hpp"
#include "gateway/auth/jwt/openssl.hpp"

namespace slipway::jwt {
namespace {

constexpr int kFewestBits = 2048;
constexpr int kMostBits = 8192;
constexpr int kMostExponentBits = 32;
constexpr std::size_t kEd25519Key = 32;
constexpr std::size_t kEd25519Signature = 64;

// Bytes of a coordinate, and of each half of a signature.
std::size_t width_of(KeyType curve) {
  switch (curve) {
    case KeyType::P256:
      return 32;
    case KeyType::P384:
      return 48;
    case KeyType::P521:
      return 66;
    default:
      return 0;
  }
}

const char* group_of(KeyType curve) {
  switch (curve) {
    case KeyType::P256:
      return "P-256";
    case KeyType::P384:
      return "P-384";
    case KeyType::P521:
      return "P-521";
    default:
      return nullptr;
  }
}

const EVP_MD* digest_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::RS256:
    case Algorithm::PS256:
    case Algorithm::ES256:
      return EVP_sha256();
    case Algorithm::RS384:
    case Algorithm::PS384:
    case Algorithm::ES384:
      return EVP_sha384();
    case Algorithm::RS512:
    case Algorithm::PS512:
    case Algorithm::ES512:
      return EVP_sha512();
    case Algorithm::EdDSA:
      return nullptr;  // hashes by itself
  }
  return nullptr;
}

bool is_pss(Algorithm algorithm) {
  return algorithm == Algorithm::PS256 || algorithm == Algorithm::PS384 ||
         algorithm == Algorithm::PS512;
}

BignumPtr number(std::string_view big_endian) {
  return BignumPtr(BN_bin2bn(bytes_of(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

PkeyPtr build(const char* type, OSSL_PARAM_BLD* parts) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(parts));
  const PkeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return PkeyPtr(key);
}

// r and s as OpenSSL wants to have them: a DER sequence of two integers.
std::string der_signature(std::string_view raw) {
  const std::size_t half = raw.size() / 2;
  const EcdsaSignaturePtr signature(ECDSA_SIG_new());
  BignumPtr r = number(raw.substr(0, half));
  BignumPtr s = number(raw.substr(half));
  SLIPWAY_CHECK(signature && r && s, "memory suffices");
  ECDSA_SIG_set0(signature.get(), r.release(), s.release());
  std::string der(static_cast<std::size_t>(i2d_ECDSA_SIG(signature.get(), nullptr)), '\0');
  auto* end = reinterpret_cast<unsigned char*>(der.data());
  i2d_ECDSA_SIG(signature.get(), &end);
  return der;
}

// The salt is as long as the hash, and MGF1 uses the same hash (RFC 7518 section 3.5).
bool use_pss(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

}  // namespace

void PublicKey::Free::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

std::optional<PublicKey> PublicKey::rsa(std::string_view modulus, std::string_view exponent) {
  const QuietErrors quiet;
  // One byte more, for those who write a leading zero (RFC 7518 section 6.3.1.1).
  if (modulus.size() > kMostBits / 8 + 1 || exponent.size() > kMostExponentBits / 8 + 1)
    return std::nullopt;
  const BignumPtr n = number(modulus);
  const BignumPtr e = number(exponent);
  SLIPWAY_CHECK(n && e, "memory suffices");
  const int bits = BN_num_bits(n.get());
  if (bits < kFewestBits || bits > kMostBits || !BN_is_odd(n.get())) return std::nullopt;
  if (BN_num_bits(e.get()) > kMostExponentBits || !BN_is_odd(e.get()) || BN_is_one(e.get()))
    return std::nullopt;
  const ParamBuilderPtr parts(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  PkeyPtr key = build("RSA", parts.get());
  if (!key) return std::nullopt;
  return PublicKey(KeyType::Rsa, Held(key.release()));
}

std::optional<PublicKey> PublicKey::ec(KeyType curve, std::string_view x, std::string_view y) {
  const QuietErrors quiet;
  SLIPWAY_CHECK(width_of(curve) > 0, "only a curve of this kind has two coordinates");
  if (x.size() != width_of(curve) || y.size() != width_of(curve)) return std::nullopt;
  std::string point(1, '\x04');  // uncompressed (SEC 1 section 2.3.3)
  point.append(x).append(y);
  const ParamBuilderPtr parts(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(parts.get(), OSSL_PKEY_PARAM_GROUP_NAME, group_of(curve), 0);
  OSSL_PARAM_BLD_push_octet_string(parts.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  PkeyPtr key = build("EC", parts.get());
  if (!key) return std::nullopt;
  const PkeyContextPtr check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (!check || EVP_PKEY_public_check(check.get()) != 1) return std::nullopt;
  return PublicKey(curve, Held(key.release()));
}

std::optional<PublicKey> PublicKey::ed25519(std::string_view raw) {
  const QuietErrors quiet;
  if (raw.size() != kEd25519Key) return std::nullopt;
  PkeyPtr key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(raw), raw.size()));
  if (!key) return std::nullopt;
  return PublicKey(KeyType::Ed25519, Held(key.release()));
}

std::size_t PublicKey::signature_size() const {
  if (type_ == KeyType::Rsa) return static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
  return type_ == KeyType::Ed25519 ? kEd25519Signature : 2 * width_of(type_);
}

bool PublicKey::verifies(Algorithm algorithm, std::string_view signed_bytes,
                         std::string_view signature) const {
  if (key_type_of(algorithm) != type_ || signature.size() != signature_size()) return false;
  const QuietErrors quiet;
  const std::string der = width_of(type_) > 0 ? der_signature(signature) : std::string();
  if (!der.empty()) signature = der;
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;  // belongs to `context`
  return context &&
         EVP_DigestVerifyInit(context.get(), &options, digest_of(algorithm), nullptr, key_.get()) ==
             1 &&
         (!is_pss(algorithm) || use_pss(options)) &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                          bytes_of(signed_bytes), signed_bytes.size()) == 1;
}

}  // namespace slipway::jwt

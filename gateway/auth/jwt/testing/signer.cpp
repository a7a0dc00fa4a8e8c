#include "gateway/auth/jwt/testing/signer.hpp"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <array>
#include <utility>

#include "crds/base/check.hpp"
#include "gateway/auth/jwt/base64url.hpp"
#include "gateway/auth/jwt/openssl.hpp"

namespace slipway::jwt::testing {
namespace {

static_assert(RSA_PSS_SALTLEN_DIGEST == -1);
constexpr const char* kWorks = "OpenSSL can do this";

const EVP_MD* digest_of(Algorithm algorithm) {
  const std::string_view name = to_string(algorithm);
  if (name.ends_with("256")) return EVP_sha256();
  if (name.ends_with("384")) return EVP_sha384();
  return name.ends_with("512") ? EVP_sha512() : nullptr;
}

std::string raw(const BIGNUM* number, int width) {
  std::string bytes(static_cast<std::size_t>(width), '\0');
  SLIPWAY_CHECK(
      BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), width) == width, kWorks);
  return bytes;
}

int width_of(KeyType curve) {
  return curve == KeyType::P256 ? 32 : curve == KeyType::P384 ? 48 : 66;
}

std::string side_by_side(const std::string& der, int width) {
  const unsigned char* at = bytes_of(der);
  const EcdsaSignaturePtr pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  SLIPWAY_CHECK(pair != nullptr, kWorks);
  return raw(ECDSA_SIG_get0_r(pair.get()), width) + raw(ECDSA_SIG_get0_s(pair.get()), width);
}

std::string number_of(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  SLIPWAY_CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1, kWorks);
  const BignumPtr held(number);
  return base64url(raw(number, BN_num_bytes(number)));
}

std::string octets_of(EVP_PKEY* key) {
  std::array<unsigned char, 256> bytes{};
  std::size_t size = 0;
  SLIPWAY_CHECK(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, bytes.data(),
                                                bytes.size(), &size) == 1,
                kWorks);
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

}  // namespace

std::string base64url(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

Signer Signer::make(KeyType type, unsigned rsa_bits) {
  EVP_PKEY* key = nullptr;
  if (type == KeyType::Rsa)
    key = EVP_RSA_gen(rsa_bits);
  else if (type == KeyType::Ed25519)
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  else
    key = EVP_EC_gen(type == KeyType::P256 ? "P-256" : type == KeyType::P384 ? "P-384" : "P-521");
  SLIPWAY_CHECK(key != nullptr, kWorks);
  return {type, std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free)};
}

Signer Signer::rfc8037() {
  const auto seed = decode_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
  EVP_PKEY* const key =
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(*seed), seed->size());
  SLIPWAY_CHECK(key != nullptr, kWorks);
  return {KeyType::Ed25519, std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free)};
}

std::string Signer::sign(Algorithm algorithm, std::string_view bytes, int pss_salt) const {
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;
  SLIPWAY_CHECK(
      EVP_DigestSignInit(context.get(), &options, digest_of(algorithm), nullptr, key_.get()) == 1,
      kWorks);
  if (std::string_view(to_string(algorithm)).starts_with("PS")) {
    SLIPWAY_CHECK(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
                      EVP_PKEY_CTX_set_rsa_pss_saltlen(options, pss_salt) == 1,
                  kWorks);
  }
  std::string signature(2048, '\0');
  std::size_t size = signature.size();
  SLIPWAY_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                               &size, bytes_of(bytes), bytes.size()) == 1,
                kWorks);
  signature.resize(size);
  const bool pair = type_ != KeyType::Rsa && type_ != KeyType::Ed25519;
  return pair ? side_by_side(signature, width_of(type_)) : signature;
}

std::string Signer::token(Algorithm algorithm, std::string_view header,
                          std::string_view payload) const {
  const std::string signed_bytes = base64url(header) + "." + base64url(payload);
  return signed_bytes + "." + base64url(sign(algorithm, signed_bytes));
}

std::string Signer::token(Algorithm algorithm, std::string_view payload, const char* key_id) const {
  std::string header = std::string(R"({"alg":")") + to_string(algorithm) + '"';
  if (*key_id != '\0') header += std::string(R"(,"kid":")") + key_id + '"';
  return token(algorithm, std::string_view(header + "}"), payload);
}

std::string Signer::jwk(std::string_view more) const {
  const std::string begin = "{" + std::string(more);
  if (type_ == KeyType::Rsa)
    return begin + R"("kty":"RSA","n":")" + number_of(key_.get(), OSSL_PKEY_PARAM_RSA_N) +
           R"(","e":")" + number_of(key_.get(), OSSL_PKEY_PARAM_RSA_E) + "\"}";
  const std::string point = octets_of(key_.get());
  if (type_ == KeyType::Ed25519)
    return begin + R"("kty":"OKP","crv":"Ed25519","x":")" + base64url(point) + "\"}";
  const auto width = static_cast<std::size_t>(width_of(type_));
  const char* const curve = type_ == KeyType::P256   ? "P-256"
                            : type_ == KeyType::P384 ? "P-384"
                                                     : "P-521";
  return begin + R"("kty":"EC","crv":")" + curve + R"(","x":")" +
         base64url(point.substr(1, width)) + R"(","y":")" + base64url(point.substr(1 + width)) +
         "\"}";
}

std::string key_set(std::string_view jwks) {
  return R"({"keys":[)" + std::string(jwks) + "]}";
}

}  // namespace slipway::jwt::testing

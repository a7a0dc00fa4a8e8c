// Signatures: the published examples, all algorithms, and all that comes close to a good signature.
#include "gateway/auth/jwt/public_key.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "gateway/auth/jwt/base64url.hpp"
#include "gateway/auth/jwt/jwks.hpp"
#include "gateway/auth/jwt/testing/signer.hpp"

namespace slipway::jwt {
namespace {

constexpr std::string_view kJoe =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ";

struct Vector {
  const char* name;
  Algorithm algorithm;
  const char* jwk;
  std::string signed_bytes;
  const char* signature;
};

// RFC 7515 appendices A.2, A.3 and A.4, RFC 8037 appendix A.4.
const Vector kVectors[] = {
    {"RFC7515_A2", Algorithm::RS256,
     R"({"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmf)"
     "HQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzj"
     "b_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb"
     "3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWy"
     R"(uXpoQ"})",
     "eyJhbGciOiJSUzI1NiJ9." + std::string(kJoe),
     "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5"
     "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb"
     "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
     "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"},
    {"RFC7515_A3", Algorithm::ES256,
     R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
     R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
     "eyJhbGciOiJFUzI1NiJ9." + std::string(kJoe),
     "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
    {"RFC7515_A4", Algorithm::ES512,
     R"({"kty":"EC","crv":"P-521",)"
     R"("x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceq)"
     R"(wQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf)"
     R"(63e3kyMj2"})",
     "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA",
     "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8G"
     "aSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"},
    {"RFC8037_A4", Algorithm::EdDSA,
     R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
     "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
     "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
};

constexpr Algorithm kAll[] = {
    Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384,
    Algorithm::PS512, Algorithm::ES256, Algorithm::ES384, Algorithm::ES512, Algorithm::EdDSA};

class Published : public ::testing::TestWithParam<Vector> {};

TEST_P(Published, VerifiesAndNothingElseDoes) {
  const Vector& vector = GetParam();
  const auto set = parse_jwks(testing::key_set(vector.jwk));
  ASSERT_TRUE(set && set->keys.size() == 1);
  const PublicKey& key = set->keys.front().key;
  const std::string signature = *decode_base64url(vector.signature);
  EXPECT_TRUE(key.verifies(vector.algorithm, vector.signed_bytes, signature));

  EXPECT_FALSE(key.verifies(vector.algorithm, vector.signed_bytes + "A", signature));
  for (const Algorithm other : kAll)
    EXPECT_EQ(key.verifies(other, vector.signed_bytes, signature), other == vector.algorithm);
  for (std::size_t i = 0; i < signature.size(); ++i) {
    std::string flipped = signature;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << i % 8));
    EXPECT_FALSE(key.verifies(vector.algorithm, vector.signed_bytes, flipped)) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Rfc, Published, ::testing::ValuesIn(kVectors),
                         [](const auto& one) { return std::string(one.param.name); });

struct Pair {
  testing::Signer signer;
  PublicKey key;
};

// One key of each type for all tests: RSA keys take long to find.
const Pair& pair_of(KeyType type) {
  static std::map<KeyType, Pair> pairs;
  const auto held = pairs.find(type);
  if (held != pairs.end()) return held->second;
  testing::Signer signer = testing::Signer::make(type);
  auto set = parse_jwks(testing::key_set(signer.jwk()));
  return pairs.emplace(type, Pair{signer, std::move(set->keys.at(0).key)}).first->second;
}

TEST(PublicKey, VerifiesItsAlgorithmsAndNoOther) {
  for (const Algorithm algorithm : kAll) {
    const Pair& pair = pair_of(key_type_of(algorithm));
    const std::string signature = pair.signer.sign(algorithm, "what was signed");
    for (const Algorithm other : kAll)
      EXPECT_EQ(pair.key.verifies(other, "what was signed", signature), other == algorithm)
          << to_string(algorithm) << " as " << to_string(other);
    EXPECT_FALSE(pair.key.verifies(algorithm, "what was not", signature)) << to_string(algorithm);
  }
}

TEST(PublicKey, RefusesSignaturesOfAnotherLength) {
  for (const Algorithm algorithm : kAll) {
    const Pair& pair = pair_of(key_type_of(algorithm));
    const std::string signature = pair.signer.sign(algorithm, "x");
    for (const std::string& odd :
         {std::string(), signature.substr(1), signature.substr(0, signature.size() - 1),
          signature + '\0', '\0' + signature, signature + signature})
      EXPECT_FALSE(pair.key.verifies(algorithm, "x", odd)) << to_string(algorithm);
  }
}

TEST(PublicKey, RefusesNumbersWithZerosInFront) {
  const Pair& pair = pair_of(KeyType::P256);
  const std::string signature = pair.signer.sign(Algorithm::ES256, "x");
  const std::string wide = '\0' + signature.substr(0, 32) + '\0' + signature.substr(32);
  EXPECT_FALSE(pair.key.verifies(Algorithm::ES256, "x", wide));
}

// RFC 7518 section 3.5 leaves no choice of the salt's length.
TEST(PublicKey, RefusesAnotherSalt) {
  const Pair& pair = pair_of(KeyType::Rsa);
  const auto of_salt = [&](int bytes) {
    return pair.key.verifies(Algorithm::PS256, "x", pair.signer.sign(Algorithm::PS256, "x", bytes));
  };
  EXPECT_TRUE(of_salt(32));
  for (const int bytes : {0, 20, 31, 33, 64}) EXPECT_FALSE(of_salt(bytes)) << bytes;
}

// CVE-2022-21449: r = s = 0 was good for every message. n is the order of P-256.
TEST(PublicKey, RefusesNumbersThatAreNoSignature) {
  const std::string zero(32, '\0');
  const std::string one = std::string(31, '\0') + '\1';
  const std::string order = *decode_base64url("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
  for (const std::string& r : {zero, one, order, std::string(32, '\xff')})
    for (const std::string& s : {zero, one, order, std::string(32, '\xff')})
      EXPECT_FALSE(pair_of(KeyType::P256).key.verifies(Algorithm::ES256, "x", r + s));
  for (const KeyType type : {KeyType::Rsa, KeyType::Ed25519}) {
    const Algorithm algorithm = type == KeyType::Rsa ? Algorithm::RS256 : Algorithm::EdDSA;
    const std::size_t size = pair_of(type).signer.sign(algorithm, "x").size();
    for (const char fill : {'\0', '\1', '\xff'})
      EXPECT_FALSE(pair_of(type).key.verifies(algorithm, "x", std::string(size, fill)));
  }
}

TEST(PublicKey, RefusesKeysThatProveNothing) {
  const std::string modulus(256, '\xff');
  EXPECT_TRUE(PublicKey::rsa(modulus, "\x03"));
  EXPECT_FALSE(PublicKey::rsa(std::string(255, '\xff'), "\x03"));  // 2040 bits
  EXPECT_FALSE(PublicKey::rsa('\0' + std::string(255, '\xff'), "\x03"));
  EXPECT_FALSE(PublicKey::rsa(std::string(1025, '\xff'), "\x03"));          // 8200 bits
  EXPECT_FALSE(PublicKey::rsa(std::string(255, '\xff') + '\xfe', "\x03"));  // even
  EXPECT_FALSE(PublicKey::rsa(modulus, "\x01"));  // whatever is "signed" is its own signature
  EXPECT_FALSE(PublicKey::rsa(modulus, "\x02"));
  EXPECT_FALSE(PublicKey::rsa(modulus, ""));
  EXPECT_FALSE(PublicKey::rsa(modulus, std::string(5, '\xff')));
  EXPECT_FALSE(PublicKey::ec(KeyType::P256, std::string(32, '\1'), std::string(32, '\1')));
  EXPECT_FALSE(PublicKey::ec(KeyType::P256, std::string(32, '\0'), std::string(32, '\0')));
  EXPECT_FALSE(PublicKey::ec(KeyType::P256, std::string(48, '\1'), std::string(16, '\1')));
  EXPECT_FALSE(PublicKey::ec(KeyType::P521, "", ""));
  EXPECT_FALSE(PublicKey::ed25519(std::string(31, '\1')));
  EXPECT_FALSE(PublicKey::ed25519(std::string(33, '\1')));
}

}  // namespace
}  // namespace slipway::jwt

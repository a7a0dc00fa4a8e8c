#include "gateway/auth/jwt/jwks.hpp"

#include <gtest/gtest.h>

#include <string>

#include "gateway/auth/jwt/testing/signer.hpp"

namespace slipway::jwt {
namespace {

using testing::key_set;
using testing::Signer;

const Signer& curve_signer() {
  static const Signer signer = Signer::make(KeyType::P256);
  return signer;
}

// `skipped` counts one where the key is not used.
struct OneKey {
  const char* name;
  std::string jwk;
  bool used;
};

class ParseJwks : public ::testing::TestWithParam<OneKey> {};

TEST_P(ParseJwks, UsesOnlyKeysForSignatures) {
  const std::string other = curve_signer().jwk(R"("kid":"other",)");
  const auto set = parse_jwks(key_set(GetParam().jwk + "," + other));
  ASSERT_TRUE(set.has_value()) << set.error().what;
  EXPECT_EQ(set->keys.size(), GetParam().used ? 2U : 1U);
  EXPECT_EQ(set->skipped, GetParam().used ? 0U : 1U);
  EXPECT_EQ(set->keys.back().id, "other");
}

const std::string kX = R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")";

INSTANTIATE_TEST_SUITE_P(
    Keys, ParseJwks,
    ::testing::ValuesIn(std::vector<OneKey>{
        {"rsa_2048", Signer::make(KeyType::Rsa).jwk(), true},
        {"rsa_1024", Signer::make(KeyType::Rsa, 1024).jwk(), false},
        {"ec", curve_signer().jwk(), true},
        {"ec_of_p384", Signer::make(KeyType::P384).jwk(), true},
        {"ed25519", Signer::rfc8037().jwk(), true},
        {"no_kid_is_fine", curve_signer().jwk(R"("use":"sig",)"), true},
        {"unknown_members", curve_signer().jwk(R"("x5u":"https://a.test","more":[1],)"), true},
        {"for_encryption", curve_signer().jwk(R"("use":"enc",)"), false},
        {"use_is_no_text", curve_signer().jwk(R"("use":["sig"],)"), false},
        {"to_verify", curve_signer().jwk(R"("key_ops":["verify"],)"), true},
        {"to_encrypt", curve_signer().jwk(R"("key_ops":["encrypt"],)"), false},
        {"to_do_nothing", curve_signer().jwk(R"("key_ops":[],)"), false},
        {"bound", curve_signer().jwk(R"("alg":"ES256",)"), true},
        {"bound_to_another_type", curve_signer().jwk(R"("alg":"RS256",)"), false},
        {"bound_to_hmac", curve_signer().jwk(R"("alg":"HS256",)"), false},
        {"bound_to_none", curve_signer().jwk(R"("alg":"none",)"), false},
        {"kid_is_a_number", curve_signer().jwk(R"("kid":7,)"), false},
        {"kid_with_a_line_end", curve_signer().jwk(R"("kid":"a\n",)"), false},
        {"private", curve_signer().jwk(R"("d":"AQAB",)"), false},
        {"secret", R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"})", false},
        {"unknown_type", R"({"kty":"AKP","alg":"ML-DSA-44","pub":"AQAB"})", false},
        {"no_type", "{" + kX + "}", false},
        {"ed448", R"({"kty":"OKP","crv":"Ed448",)" + kX + "}", false},
        {"x25519", R"({"kty":"OKP","crv":"X25519",)" + kX + "}", false},
        {"secp256k1", R"({"kty":"EC","crv":"secp256k1","x":"AQAB","y":"AQAB"})", false},
        {"padded",
         R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="})",
         false},
        {"empty", "{}", false},
        {"no_object", "7", false},
    }),
    [](const auto& one) { return std::string(one.param.name); });

TEST(ParseJwks, KeepsSeveralKeysWithoutNamesAndOfOneName) {
  const auto set = parse_jwks(key_set(curve_signer().jwk() + "," + curve_signer().jwk() + "," +
                                      curve_signer().jwk(R"("kid":"a",)") + "," +
                                      Signer::rfc8037().jwk(R"("kid":"a",)")));
  ASSERT_TRUE(set.has_value());
  EXPECT_EQ(set->keys.size(), 4U);
}

TEST(ParseJwks, TellsDocumentsApart) {
  const auto a = parse_jwks(key_set(curve_signer().jwk()));
  const auto same = parse_jwks(key_set(curve_signer().jwk()));
  const auto none = parse_jwks(key_set(""));
  ASSERT_TRUE(a && same && none);
  EXPECT_EQ(a->fingerprint, same->fingerprint);
  EXPECT_NE(a->fingerprint, none->fingerprint);
  EXPECT_TRUE(none->keys.empty());
}

TEST(ParseJwks, RefusesWhatIsNoKeySet) {
  std::string many = "{}";
  for (int i = 0; i < 100; ++i) many += ",{}";
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("<html>"), std::string("{}"),
        std::string(R"({"keys":{}})"), std::string(R"({"keys":[]} x)"),
        std::string(R"({"keys":[],"keys":[]})"), std::string(R"({"keys":[{"kty":"a","kty":"b"}]})"),
        key_set(many), key_set(std::string(300'000, ' ')),
        std::string(10'000, '[') + std::string(10'000, ']')})
    EXPECT_FALSE(parse_jwks(text)) << text.substr(0, 50);
}

}  // namespace
}  // namespace slipway::jwt

// Tokens that others have been deceived with (RFC 8725, and what has a CVE number), each close to a
// good one.
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <functional>
#include <string>

#include "gateway/auth/jwt/testing/signer.hpp"
#include "gateway/auth/jwt/testing/trust.hpp"
#include "gateway/auth/jwt/verify.hpp"

namespace slipway::jwt {
namespace {

using testing::base64url;
using testing::claims;
using testing::kNow;
using testing::Signer;

const Signer& rsa() {
  static const Signer signer = Signer::make(KeyType::Rsa);
  return signer;
}
const Signer& ec() {
  static const Signer signer = Signer::make(KeyType::P256);
  return signer;
}
const Signer& ed() {
  static const Signer signer = Signer::rfc8037();
  return signer;
}
const Signer& stranger() {
  static const Signer signer = Signer::make(KeyType::Ed25519);
  return signer;
}

const Trust& trust() {
  static const Trust trust = testing::trust_in(
      testing::key_set(rsa().jwk(R"("kid":"rsa","alg":"RS256",)") + "," +
                       ec().jwk(R"("kid":"ec",)") + "," + ed().jwk(R"("kid":"ed",)")));
  return trust;
}

std::string verdict_on(std::string_view token) {
  const auto identity = verify_token(token, trust(), kNow);
  return identity ? "accepted" : to_string(identity.error().why);
}

// Well signed, whatever the header says.
std::string ed_token(std::string_view header, std::string_view payload = claims()) {
  return ed().token(Algorithm::EdDSA, header, payload);
}
std::string good() {
  return ed_token(R"({"alg":"EdDSA","kid":"ed"})");
}
std::string with_header(const std::string& header) {
  return base64url(header) + good().substr(good().find('.'));
}
std::string unsigned_token(const std::string& header) {
  return base64url(header) + "." + base64url(claims()) + ".";
}
std::string signature_of(const std::string& token) {
  return token.substr(token.rfind('.') + 1);
}
std::string without_signature(const std::string& token) {
  return token.substr(0, token.rfind('.') + 1);
}

std::string hmac_token(const std::string& header, const std::string& secret) {
  const std::string text = base64url(header) + "." + base64url(claims());
  std::array<unsigned char, 64> mac{};
  std::size_t size = 0;
  EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, secret.data(), secret.size(),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(),
            mac.size(), &size);
  return text + "." + base64url({reinterpret_cast<const char*>(mac.data()), size});
}

TEST(VerifyToken, AcceptsWhatTheAttacksBeginWith) {
  EXPECT_EQ(verdict_on(good()), "accepted");
  EXPECT_EQ(verdict_on(rsa().token(Algorithm::RS256, claims(), "rsa")), "accepted");
  EXPECT_EQ(verdict_on(ec().token(Algorithm::ES256, claims(), "ec")), "accepted");
  EXPECT_EQ(verdict_on(ec().token(Algorithm::ES256, claims(), "")), "accepted");
  for (const char* type : {"JWT", "jwt", "at+jwt", "application/at+JWT"})
    EXPECT_EQ(verdict_on(ed_token(std::string(R"({"alg":"EdDSA","typ":")") + type + "\"}")),
              "accepted");
}

TEST(VerifyToken, TakesNoneForNoAlgorithm) {
  for (const char* name : {"none", "None", "NONE", "nOnE", "none ", " none", "n\\u006fne", "",
                           "null", "no\u014be", "none\\u0000", "HS256", "HS384", "HS512"}) {
    const std::string header = std::string(R"({"kid":"ed","alg":")") + name + "\"}";
    EXPECT_EQ(verdict_on(unsigned_token(header)), "AlgorithmNotAllowed") << name;
    EXPECT_EQ(verdict_on(with_header(header)), "AlgorithmNotAllowed") << name;
    EXPECT_EQ(verdict_on(ed_token(header)), "AlgorithmNotAllowed") << name;
  }
  for (const char* value : {"null", "[\"EdDSA\"]", "0", "{}", "false"})
    EXPECT_EQ(verdict_on(ed_token(std::string(R"({"kid":"ed","alg":)") + value + "}")),
              "Malformed");
  EXPECT_EQ(verdict_on(ed_token(R"({"kid":"ed"})")), "Malformed");
}

struct Attack {
  const char* name;
  std::function<std::string()> token;
  const char* verdict;
};

class Attacks : public ::testing::TestWithParam<Attack> {};

TEST_P(Attacks, Fail) {
  const std::string token = GetParam().token();
  const auto identity = verify_token(token, trust(), kNow);
  ASSERT_FALSE(identity.has_value());
  EXPECT_STREQ(to_string(identity.error().why), GetParam().verdict) << identity.error().message;
  // What is said to the caller, and perhaps to a log, shows nothing of the token.
  const std::string& message = identity.error().message;
  EXPECT_LT(message.size(), 100U);
  EXPECT_EQ(message.find("ann"), std::string::npos);
  EXPECT_EQ(message.find("attacker"), std::string::npos);
}

std::vector<Attack> keys_and_headers() {
  return {
      {"public_key_as_secret",
       [] { return hmac_token(R"({"alg":"HS256","kid":"rsa"})", rsa().jwk()); },
       "AlgorithmNotAllowed"},
      {"rsa_key_named_for_ec", [] { return ec().token(Algorithm::ES256, claims(), "rsa"); },
       "AlgorithmNotAllowed"},
      {"algorithm_the_key_is_not_for",
       [] { return rsa().token(Algorithm::PS256, claims(), "rsa"); }, "AlgorithmNotAllowed"},
      {"another_hash", [] { return rsa().token(Algorithm::RS512, claims(), "rsa"); },
       "AlgorithmNotAllowed"},
      {"key_of_a_stranger", [] { return stranger().token(Algorithm::EdDSA, claims(), "ed"); },
       "BadSignature"},
      {"key_of_a_stranger_without_a_name",
       [] { return stranger().token(Algorithm::EdDSA, claims(), ""); }, "BadSignature"},
      {"embedded_key",
       [] {
         return stranger().token(
             Algorithm::EdDSA, R"({"alg":"EdDSA","kid":"attacker","jwk":)" + stranger().jwk() + "}",
             claims());
       },
       "UnknownKey"},
      {"embedded_key_of_a_known_name",
       [] {
         return stranger().token(Algorithm::EdDSA,
                                 R"({"alg":"EdDSA","kid":"ed","jwk":)" + stranger().jwk() + "}",
                                 claims());
       },
       "BadSignature"},
      {"key_set_elsewhere",
       [] {
         return stranger().token(
             Algorithm::EdDSA,
             R"({"alg":"EdDSA","kid":"1","jku":"https://attacker.test/k","x5u":"https://attacker.test"})",
             claims());
       },
       "UnknownKey"},
      {"name_is_a_path",
       [] { return ed().token(Algorithm::EdDSA, claims(), "../../../../dev/null"); }, "UnknownKey"},
      {"name_is_a_query", [] { return ed().token(Algorithm::EdDSA, claims(), "' OR '1'='1"); },
       "UnknownKey"},
      {"name_with_nul", [] { return ed_token(R"({"alg":"EdDSA","kid":"ed\u0000"})"); },
       "Malformed"},
      {"name_with_zero_width_space",
       [] { return ed().token(Algorithm::EdDSA, claims(), "ed\xe2\x80\x8b"); }, "UnknownKey"},
      {"name_in_capitals", [] { return ed().token(Algorithm::EdDSA, claims(), "ED"); },
       "UnknownKey"},
      {"name_is_empty", [] { return ed_token(R"({"alg":"EdDSA","kid":""})"); }, "Malformed"},
      {"name_is_a_number", [] { return ed_token(R"({"alg":"EdDSA","kid":0})"); }, "Malformed"},
      {"name_is_null", [] { return ed_token(R"({"alg":"EdDSA","kid":null})"); }, "Malformed"},
      {"name_is_too_long",
       [] { return ed().token(Algorithm::EdDSA, claims(), std::string(257, 'e').c_str()); },
       "Malformed"},
      {"critical_extension",
       [] { return ed_token(R"({"alg":"EdDSA","kid":"ed","crit":["exp"],"exp":1})"); },
       "Malformed"},
      {"critical_but_empty", [] { return ed_token(R"({"alg":"EdDSA","kid":"ed","crit":[]})"); },
       "Malformed"},
      {"critical_null", [] { return ed_token(R"({"alg":"EdDSA","kid":"ed","crit":null})"); },
       "Malformed"},
      {"unencoded_payload",
       [] { return ed_token(R"({"alg":"EdDSA","kid":"ed","b64":false,"crit":["b64"]})"); },
       "Malformed"},
      {"logout_token", [] { return ed_token(R"({"alg":"EdDSA","typ":"logout+jwt"})"); },
       "Malformed"},
      {"proof_of_possession", [] { return ed_token(R"({"alg":"EdDSA","typ":"dpop+jwt"})"); },
       "Malformed"},
      {"algorithm_twice", [] { return ed_token(R"({"alg":"none","alg":"EdDSA"})"); }, "Malformed"},
      {"algorithm_twice_with_an_escape",
       [] { return ed_token(R"({"alg":"EdDSA","\u0061lg":"none"})"); }, "Malformed"},
      {"header_is_a_list", [] { return ed_token(R"(["alg","EdDSA"])"); }, "Malformed"},
      {"header_with_more_behind", [] { return ed_token(R"({"alg":"EdDSA"}{"alg":"none"})"); },
       "Malformed"},
      {"header_is_too_long",
       [] { return ed_token(R"({"alg":"EdDSA","x":")" + std::string(4096, 'x') + "\"}"); },
       "Malformed"},
      {"header_nests_deep",
       [] {
         return ed_token(R"({"alg":"EdDSA","x":)" + std::string(1500, '[') +
                         std::string(1500, ']') + "}");
       },
       "Malformed"},
  };
}

std::vector<Attack> parts_and_payloads() {
  return {
      {"truncated_signature", [] { return good().substr(0, good().size() - 4); }, "BadSignature"},
      {"no_signature", [] { return without_signature(good()); }, "BadSignature"},
      {"no_third_part", [] { return good().substr(0, good().rfind('.')); }, "Malformed"},
      {"fourth_part", [] { return good() + ".e30"; }, "Malformed"},
      {"encrypted", [] { return good() + ".e30.e30"; }, "Malformed"},
      {"empty", [] { return std::string(); }, "Malformed"},
      {"dots", [] { return std::string(".."); }, "Malformed"},
      {"many_dots", [] { return std::string(16'000, '.'); }, "Malformed"},
      {"too_long",
       [] { return ed_token(R"({"alg":"EdDSA"})", claims() + std::string(16'384, ' ')); },
       "Malformed"},
      {"padded", [] { return good() + "=="; }, "Malformed"},
      {"space_in_front", [] { return " " + good(); }, "Malformed"},
      {"line_end_behind", [] { return good() + "\n"; }, "Malformed"},
      {"another_spelling_of_the_signature",
       [] {
         // The last character's lowest bits are not part of the signature.
         std::string token = good();
         token.back() = static_cast<char>(token.back() + 1);
         return token;
       },
       "Malformed"},
      {"swapped_header", [] { return with_header(R"({"alg":"EdDSA","kid":"ed","typ":"JWT"})"); },
       "BadSignature"},
      {"swapped_payload",
       [] {
         return base64url(R"({"alg":"EdDSA","kid":"ed"})") + "." + base64url(claims(R"(,"a":1)")) +
                "." + signature_of(good());
       },
       "BadSignature"},
      {"signature_in_der",
       [] {
         const std::string token = ec().token(Algorithm::ES256, claims(), "ec");
         return without_signature(token) + base64url(std::string(70, '\x30'));
       },
       "BadSignature"},
      {"issuer_twice", [] { return ed_token(R"({"alg":"EdDSA"})", claims(R"(,"iss":"x")")); },
       "Malformed"},
      {"end_twice", [] { return ed_token(R"({"alg":"EdDSA"})", claims(R"(,"exp":1900000000)")); },
       "Malformed"},
      {"tenant_twice_with_an_escape",
       [] { return ed_token(R"({"alg":"EdDSA"})", claims(R"(,"t\u0065nant":"blue")")); },
       "Malformed"},
      {"twice_inside",
       [] { return ed_token(R"({"alg":"EdDSA"})", claims(R"(,"a":[{"b":1,"b":2}])")); },
       "Malformed"},
      {"nests_deep",
       [] {
         return ed_token(R"({"alg":"EdDSA"})",
                         claims(R"(,"a":)" + std::string(5000, '[') + std::string(5000, ']')));
       },
       "Malformed"},
      {"nests_10000_deep", [] { return ed_token(R"({"alg":"EdDSA"})", std::string(10'000, '[')); },
       "Malformed"},
      {"number_beyond_all", [] { return ed_token(R"({"alg":"EdDSA"})", claims(R"(,"a":1e999)")); },
       "Malformed"},
      {"integer_beyond_64_bits",
       [] { return ed_token(R"({"alg":"EdDSA"})", claims(R"(,"a":99999999999999999999)")); },
       "Malformed"},
      {"no_utf8", [] { return ed_token(R"({"alg":"EdDSA"})", claims(",\"a\":\"\xff\"")); },
       "Malformed"},
      {"byte_order_mark", [] { return ed_token(R"({"alg":"EdDSA"})", "\xef\xbb\xbf" + claims()); },
       "Malformed"},
      {"payload_is_a_text", [] { return ed_token(R"({"alg":"EdDSA"})", "\"x\""); }, "Malformed"},
      {"payload_is_empty", [] { return ed_token(R"({"alg":"EdDSA"})", ""); }, "Malformed"},
      {"payload_is_a_token", [] { return ed_token(R"({"alg":"EdDSA"})", good()); }, "Malformed"},
      {"issuer_unknown",
       [] { return ed_token(R"({"alg":"EdDSA"})", R"({"iss":"https://attacker.test"})"); },
       "UnknownIssuer"},
      {"issuer_with_a_slash",
       [] { return ed_token(R"({"alg":"EdDSA"})", R"({"iss":"https://issuer.example.test/"})"); },
       "UnknownIssuer"},
      {"issuer_is_a_list",
       [] { return ed_token(R"({"alg":"EdDSA"})", R"({"iss":["https://issuer.example.test"]})"); },
       "Malformed"},
      {"no_issuer", [] { return ed_token(R"({"alg":"EdDSA"})", "{}"); }, "Malformed"},
      {"claims_are_looked_at_too",
       [] { return ed_token(R"({"alg":"EdDSA"})", R"({"iss":"https://issuer.example.test"})"); },
       "MissingClaim"},
  };
}

constexpr auto kName = [](const auto& one) { return std::string(one.param.name); };
INSTANTIATE_TEST_SUITE_P(Headers, Attacks, ::testing::ValuesIn(keys_and_headers()), kName);
INSTANTIATE_TEST_SUITE_P(Payloads, Attacks, ::testing::ValuesIn(parts_and_payloads()), kName);

TEST(VerifyToken, TriesFewKeys_WhenTheTokenNamesNone) {
  std::string jwks = stranger().jwk();
  for (int i = 0; i < 3; ++i) jwks += "," + stranger().jwk();
  const std::string token = ed().token(Algorithm::EdDSA, claims(), "");
  const auto of = [&](const std::string& keys) {
    return verify_token(token, testing::trust_in(testing::key_set(keys)), kNow);
  };
  EXPECT_TRUE(of(stranger().jwk() + "," + ed().jwk()));
  EXPECT_EQ(of(jwks).error().why, Why::BadSignature);
  EXPECT_EQ(of(jwks).error().stale_issuer, testing::kIssuer);
  EXPECT_EQ(of(jwks + "," + ed().jwk()).error().why, Why::UnknownKey);
}

TEST(VerifyToken, SaysWhenNewerKeysCouldHelp) {
  const auto stale = [](std::string_view token) {
    return verify_token(token, trust(), kNow).error().stale_issuer;
  };
  EXPECT_EQ(stale(ed().token(Algorithm::EdDSA, claims(), "new")), testing::kIssuer);
  EXPECT_EQ(stale(stranger().token(Algorithm::EdDSA, claims(), "ed")), "");
  EXPECT_EQ(stale(ed().token(Algorithm::EdDSA, claims(R"(,"x":1,"x":1)"), "ed")), "");

  Trust aged = trust();
  aged.issuers.front().keys_until = kNow;
  EXPECT_EQ(verify_token(good(), aged, kNow).error().why, Why::KeysUnavailable);
  aged.issuers.front().keys = nullptr;
  EXPECT_EQ(verify_token(good(), aged, kNow).error().stale_issuer, testing::kIssuer);
}

TEST(VerifyToken, KeepsToTheAlgorithmsOfTheIssuer) {
  Issuer issuer = testing::rules();
  issuer.algorithms = {Algorithm::RS256, Algorithm::ES256};
  const Trust only = testing::trust_in(testing::key_set(ed().jwk() + "," + ec().jwk()), issuer);
  EXPECT_EQ(verify_token(good(), only, kNow).error().why, Why::AlgorithmNotAllowed);
  EXPECT_TRUE(verify_token(ec().token(Algorithm::ES256, claims(), ""), only, kNow));
}

}  // namespace
}  // namespace slipway::jwt

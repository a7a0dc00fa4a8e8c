// Any bytes as a token or as a key set. What is accepted must have been signed by the one key that
// signs here, that of RFC 8037, whose signatures can be made again and compared; and no bit of a
// token may be turned over.
#include <memory>
#include <string>

#include "crds/base/check.hpp"
#include "crds/base/testing/fuzz_input.hpp"
#include "gateway/auth/jwt/base64url.hpp"
#include "gateway/auth/jwt/testing/signer.hpp"
#include "gateway/auth/jwt/testing/trust.hpp"
#include "gateway/auth/jwt/verify.hpp"

namespace slipway::jwt {
namespace {

const testing::Signer& signer() {
  static const testing::Signer key = testing::Signer::rfc8037();
  return key;
}

// The keys of RFC 7515 appendices A.2 and A.3, whose private halves this process does not use.
constexpr const char* kOthers =
    R"({"kid":"A2","kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8)"
    "W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47"
    "soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQ"
    R"(Y4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9)"
    R"(gb54h4FRWyuXpoQ"},{"kid":"A3","kty":"EC","crv":"P-256",)"
    R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";

Issuer rules() {
  Issuer issuer = testing::rules();
  issuer.claim = "sub";
  return issuer;
}

const Trust& trust() {
  static const Trust all = testing::trust_in(
      testing::key_set(std::string(kOthers) + "," + signer().jwk(R"("kid":"ed",)")), rules());
  return all;
}

// The tokens of RFC 7515 have no audience: of all that is accepted, the key above has signed it.
void check_signed(std::string_view token) {
  const std::size_t dot = token.rfind('.');
  const std::string_view signed_bytes = token.substr(0, dot);
  SLIPWAY_CHECK(
      decode_base64url(token.substr(dot + 1)) == signer().sign(Algorithm::EdDSA, signed_bytes),
      "what is accepted has been signed");
}

void check_identity(const Identity& identity, Time now) {
  SLIPWAY_CHECK(identity.issuer == testing::kIssuer, "the issuer is the one that is trusted");
  SLIPWAY_CHECK(now < identity.valid_until, "what is accepted has not ended");
  SLIPWAY_CHECK(identity.values == std::vector<std::string>{identity.subject}, "the claim is read");
  SLIPWAY_CHECK(!identity.subject.empty(), "who is calling has a name");
}

void try_token(std::string_view token) {
  const auto identity = verify_token(token, trust(), testing::kNow);
  if (!identity) {
    SLIPWAY_CHECK(identity.error().message.size() < 200, "a refusal is short");
    return;
  }
  check_signed(token);
  check_identity(*identity, testing::kNow);
}

// A header and claims as they are, well signed; then with one bit of the token turned over.
void try_signed(slipway::testing::FuzzInput& input) {
  const std::uint64_t at = input.below(1U << 16);
  const std::string header(input.line());
  std::string token = signer().token(Algorithm::EdDSA, header, input.rest());
  try_token(token);
  char& turned = token[at / 8 % token.size()];
  turned = static_cast<char>(turned ^ (1 << at % 8));
  const auto identity = verify_token(token, trust(), testing::kNow);
  SLIPWAY_CHECK(!identity, "no bit of a token may be turned over");
}

// Keys of others: what this process signs is accepted only where its own key is among them.
void try_keys(std::string_view document) {
  auto set = parse_jwks(document);
  if (!set) return;
  SLIPWAY_CHECK(set->keys.size() <= 100, "a key set is bounded");
  Trust others;
  others.issuers.push_back({rules(), std::make_shared<const KeySet>(*std::move(set)),
                            testing::kNow + std::chrono::hours(1)});
  // The public half as RFC 8037 appendix A.2 writes it; with escapes, JSON has other spellings.
  const bool own = document.find("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo") != document.npos ||
                   document.find('\\') != document.npos;
  for (const char* id : {"", "ed"}) {
    const std::string token = signer().token(Algorithm::EdDSA, testing::claims(), id);
    SLIPWAY_CHECK(!verify_token(token, others, testing::kNow) || own,
                  "what one key has signed another does not verify");
  }
}

void try_base64url(std::string_view text) {
  const auto bytes = decode_base64url(text);
  if (bytes) SLIPWAY_CHECK(testing::base64url(*bytes) == text, "a value has one spelling");
}

}  // namespace
}  // namespace slipway::jwt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::jwt;
  slipway::testing::FuzzInput input(data, size);
  switch (input.below(4)) {
    case 0:
      try_token(input.rest());
      break;
    case 1:
      try_signed(input);
      break;
    case 2:
      try_keys(input.rest());
      break;
    default:
      try_base64url(input.rest());
  }
  return 0;
}

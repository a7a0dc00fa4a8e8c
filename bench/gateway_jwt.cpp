// Times the check of a request's token: signatures of each kind, and tokens that are known already.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "bench/timing.hpp"
#include "crds/base/check.hpp"
#include "gateway/auth/jwt/testing/signer.hpp"
#include "gateway/auth/jwt/testing/trust.hpp"
#include "gateway/auth/jwt/token_verifier.hpp"

namespace slipway::jwt {
namespace {

constexpr Algorithm kAlgorithms[] = {Algorithm::RS256, Algorithm::PS256, Algorithm::ES256,
                                     Algorithm::ES384, Algorithm::ES512, Algorithm::EdDSA};
constexpr double kTarget = 1000;  // ns, of a token that is known

void time_algorithm(Algorithm algorithm) {
  const testing::Signer signer = testing::Signer::make(key_type_of(algorithm));
  const Trust trust = testing::trust_in(testing::key_set(signer.jwk(R"("kid":"1",)")));
  const std::string token = signer.token(algorithm, testing::claims(), "1");
  row(fmt::format("{}, {} bytes: verify", to_string(algorithm), token.size()), quick_ns([&] {
        SLIPWAY_CHECK(verify_token(token, trust, testing::kNow), "the token is good");
      }));
  TokenVerifier verifier;
  const double known = quick_ns(
      [&] { SLIPWAY_CHECK(verifier.verify(token, trust, testing::kNow), "the token is good"); });
  row(fmt::format("{}, {} bytes: known", to_string(algorithm), token.size()), known,
      fmt::format("target < {} ns: {}", kTarget, known < kTarget ? "met" : "missed"));
}

// What somebody who can sign nothing can make a gateway do for each request.
void time_refusals() {
  const testing::Signer signer = testing::Signer::make(KeyType::Rsa);
  const Trust trust = testing::trust_in(testing::key_set(signer.jwk(R"("kid":"1",)")));
  std::string forged = signer.token(Algorithm::RS256, testing::claims(), "1");
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  const auto time = [&](const char* what, const std::string& token) {
    row(what, quick_ns([&] {
          SLIPWAY_CHECK(!verify_token(token, trust, testing::kNow), "the token is not good");
        }));
  };
  time("a wrong RS256 signature", forged);
  std::string members;
  for (int i = 0; members.size() < 11'000; ++i) members += fmt::format(",\"{}\":0", i);
  time("16 KiB of members, unknown key",
       signer.token(Algorithm::RS256, testing::claims(members), "2"));
  time("16 KiB of dots", std::string(16U << 10, '.'));
}

}  // namespace
}  // namespace slipway::jwt

int main() {
  using namespace slipway::jwt;
  for (const Algorithm algorithm : kAlgorithms) time_algorithm(algorithm);
  time_refusals();
  return 0;
}

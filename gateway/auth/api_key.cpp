#include "gateway/auth/api_key.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "crds/base/check.hpp"
#include "gateway/http/characters.hpp"

namespace slipway::gateway {
namespace {

constexpr std::size_t kLongestKey = 256;

// The middle part; empty: not of the form of a key.
std::string_view id_of(std::string_view key) {
  if (key.size() > kLongestKey || !key.starts_with("sk-")) return {};
  key.remove_prefix(3);
  const std::size_t dash = key.find('-');
  if (dash == std::string_view::npos || dash + 1 == key.size()) return {};
  return key.substr(0, dash);
}

}  // namespace

std::string_view key_in(std::string_view authorization, std::string_view x_api_key) {
  constexpr std::string_view kBearer = "bearer ";
  if (authorization.size() > kBearer.size() &&
      http::same_name(authorization.substr(0, kBearer.size()), kBearer))
    return http::trimmed(authorization.substr(kBearer.size()));
  return x_api_key;
}

std::string ending_of(std::string_view key) {
  return "..." + std::string(key.size() < 12 ? "" : key.substr(key.size() - 4));
}

KeyVerifier::KeyVerifier(std::string_view pepper)
    : algorithm_(EVP_MAC_fetch(nullptr, "HMAC", nullptr)),
      context_(EVP_MAC_CTX_new(algorithm_.get())) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  SLIPWAY_CHECK(
      context_ != nullptr &&
          EVP_MAC_init(context_.get(), reinterpret_cast<const unsigned char*>(pepper.data()),
                       pepper.size(), parameters) == 1,
      "OpenSSL has HMAC with SHA-256");
}

Mac KeyVerifier::mac(std::string_view key) {
  Mac out{};
  std::size_t size = 0;
  // Without a key it begins anew under the one that it has: a tenth of the cost of HMAC().
  const bool done =
      EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&
      EVP_MAC_update(context_.get(), reinterpret_cast<const unsigned char*>(key.data()),
                     key.size()) == 1 &&
      EVP_MAC_final(context_.get(), out.data(), &size, out.size()) == 1;
  SLIPWAY_CHECK(done && size == out.size(), "an HMAC can be made");
  return out;
}

KeyCheck KeyVerifier::check(std::string_view key, const Snapshot& snapshot, Time now) {
  if (key.empty()) return {KeyVerdict::Missing, nullptr};
  const std::string_view id = id_of(key);
  if (id.empty()) return {KeyVerdict::Malformed, nullptr};
  const CompiledKey* kept = snapshot.find_key(id);
  const Mac given = mac(key);
  // Compared for unknown ids as well, so that time tells nothing about which ids there are.
  const Mac& wanted = kept == nullptr ? Mac{} : kept->mac;
  const bool same = CRYPTO_memcmp(given.data(), wanted.data(), given.size()) == 0;
  if (kept == nullptr || !same) return {KeyVerdict::Wrong, nullptr};
  if (kept->revoked) return {KeyVerdict::Revoked, kept};
  if (now >= kept->expires) return {KeyVerdict::Expired, kept};
  return {KeyVerdict::Good, kept};
}

}  // namespace slipway::gateway

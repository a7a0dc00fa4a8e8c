#include "gateway/auth/jwt/jwks.hpp"

#include <algorithm>
#include <utility>

#include "crds/base/check.hpp"
#include "gateway/auth/jwt/base64url.hpp"
#include "gateway/auth/jwt/openssl.hpp"
#include "gateway/auth/jwt/strict_json.hpp"

namespace slipway::jwt {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMostBytes = 256U << 10;
constexpr std::size_t kMostKeys = 100;
constexpr std::size_t kMostIdBytes = 256;

Fingerprint fingerprint_of(std::string_view document) {
  Fingerprint fingerprint{};
  SLIPWAY_CHECK(EVP_Digest(document.data(), document.size(), fingerprint.data(), nullptr,
                           EVP_sha256(), nullptr) == 1,
                "SHA-256 is built into OpenSSL");
  return fingerprint;
}

std::string_view text_of(const dom::object& jwk, std::string_view name) {
  std::string_view text;
  if (jwk.at_key(name).get(text)) return {};
  return text;
}

// An absent or odd value is empty, which is no key's.
std::string bytes_in(const dom::object& jwk, std::string_view name) {
  return decode_base64url(text_of(jwk, name)).value_or(std::string());
}

// `use` and `key_ops` (RFC 7517 sections 4.2 and 4.3), where they are given, allow signatures to be
// verified.
bool is_for_signatures(const dom::object& jwk) {
  if (member(jwk, "use") && text_of(jwk, "use") != "sig") return false;
  const auto operations = member(jwk, "key_ops");
  if (!operations) return true;
  dom::array list;
  if (operations->get(list)) return false;
  return std::ranges::any_of(list.begin(), list.end(), [](const dom::element& operation) {
    std::string_view name;
    return !operation.get(name) && name == "verify";
  });
}

std::optional<PublicKey> ec_key(const dom::object& jwk) {
  const std::string_view curve = text_of(jwk, "crv");
  const std::string x = bytes_in(jwk, "x");
  const std::string y = bytes_in(jwk, "y");
  if (curve == "P-256") return PublicKey::ec(KeyType::P256, x, y);
  if (curve == "P-384") return PublicKey::ec(KeyType::P384, x, y);
  if (curve == "P-521") return PublicKey::ec(KeyType::P521, x, y);
  return std::nullopt;
}

std::optional<PublicKey> public_key(const dom::object& jwk) {
  const std::string_view type = text_of(jwk, "kty");
  if (type == "RSA") return PublicKey::rsa(bytes_in(jwk, "n"), bytes_in(jwk, "e"));
  if (type == "EC") return ec_key(jwk);
  if (type == "OKP" && text_of(jwk, "crv") == "Ed25519")
    return PublicKey::ed25519(bytes_in(jwk, "x"));
  return std::nullopt;
}

std::optional<Key> read_key(const dom::element& element) {
  dom::object jwk;
  // A key whose private half everybody can read proves nothing.
  if (element.get(jwk) || member(jwk, "d") || !is_for_signatures(jwk)) return std::nullopt;

  std::string id;
  if (const auto kid = member(jwk, "kid")) {
    const auto text = plain_text(*kid, kMostIdBytes);
    if (!text) return std::nullopt;
    id = *text;
  }
  std::optional<Algorithm> only;
  if (member(jwk, "alg")) {
    only = algorithm_named(text_of(jwk, "alg"));
    if (!only) return std::nullopt;
  }
  std::optional<PublicKey> key = public_key(jwk);
  if (!key || (only && key_type_of(*only) != key->type())) return std::nullopt;
  return Key{std::move(id), only, *std::move(key)};
}

}  // namespace

Result<KeySet> parse_jwks(std::string_view document) {
  if (document.size() > kMostBytes) return fail(Fault::Invalid, "a key set that is too large");
  const auto json = StrictJson::parse(document);
  if (!json) return fail(Fault::Malformed, "a key set that is not a JSON object");
  dom::array list;
  if (json->object().at_key("keys").get(list))
    return fail(Fault::Malformed, "a key set without its list of keys");
  if (list.size() > kMostKeys) return fail(Fault::Invalid, "a key set of too many keys");

  KeySet set;
  set.fingerprint = fingerprint_of(document);
  for (const dom::element& element : list) {
    if (auto key = read_key(element))
      set.keys.push_back(*std::move(key));
    else
      ++set.skipped;
  }
  return set;
}

}  // namespace slipway::jwt

#include "gateway/auth/jwt/verify.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "gateway/auth/jwt/base64url.hpp"
#include "gateway/auth/jwt/strict_json.hpp"

namespace slipway::jwt {
namespace {

constexpr std::size_t kMostBytes = 16U << 10;
constexpr std::size_t kMostHeaderBytes = 4U << 10;
constexpr std::size_t kMostIdBytes = 256;
constexpr std::size_t kMostTries = 4;

struct Parts {
  std::string_view signed_bytes;  // the header and the payload as they came
  std::string header;
  std::string payload;
  std::string signature;
};

struct Header {
  Algorithm algorithm = Algorithm::RS256;
  std::optional<std::string> key_id;
};

Verdict<Parts> split(std::string_view token) {
  if (token.size() > kMostBytes) return malformed("it is too long");
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (first == last || token.find('.', first + 1) != last)
    return malformed("it does not have three parts");
  auto header = decode_base64url(token.substr(0, first));
  auto payload = decode_base64url(token.substr(first + 1, last - first - 1));
  auto signature = decode_base64url(token.substr(last + 1));
  if (!header || !payload || !signature) return malformed("a part is not base64url");
  return Parts{token.substr(0, last), *std::move(header), *std::move(payload),
               *std::move(signature)};
}

bool same_but_for_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

// Other kinds of tokens that the same issuer signs (a logout, a proof of possession) are no tokens
// of access (RFC 8725 section 3.11). Most issuers say `JWT` or nothing; RFC 9068 asks for `at+jwt`.
bool is_access_token_type(const simdjson::dom::element& type) {
  constexpr std::array<std::string_view, 4> kNames{"jwt", "at+jwt", "application/jwt",
                                                   "application/at+jwt"};
  std::string_view text;
  return !type.get(text) && std::ranges::any_of(kNames, [&](std::string_view name) {
    return same_but_for_case(text, name);
  });
}

Verdict<Header> read_header(std::string_view text) {
  if (text.size() > kMostHeaderBytes) return malformed("its header is too long");
  const auto json = StrictJson::parse(text);
  if (!json) return malformed("its header is not a JSON object with unique names");
  const auto& object = json->object();
  // No extension is understood, so a critical one cannot be either (RFC 7515 section 4.1.11).
  if (member(object, "crit")) return malformed("it asks for an extension that is not known here");
  if (const auto type = member(object, "typ"); type && !is_access_token_type(*type))
    return malformed("it is a token of another type");

  const auto name = member(object, "alg");
  if (!name || !name->is_string()) return malformed("it does not name its algorithm");
  const auto algorithm = algorithm_named(name->get_string().value_unsafe());
  if (!algorithm)
    return refuse(Why::AlgorithmNotAllowed, "the token's algorithm is not allowed here");
  Header header{*algorithm, std::nullopt};
  if (const auto id = member(object, "kid")) {
    const auto said = plain_text(*id, kMostIdBytes);
    if (!said || said->empty()) return malformed("its key ID is not a text");
    header.key_id = std::string(*said);
  }
  return header;
}

Verdict<const TrustedIssuer*> find_issuer(const simdjson::dom::object& claims, const Trust& trust) {
  const auto name = member(claims, "iss");
  std::string_view text;
  if (!name || name->get(text)) return malformed("it does not name its issuer");
  const auto issuer = std::ranges::find_if(
      trust.issuers, [&](const TrustedIssuer& one) { return one.rules.name == text; });
  if (issuer == trust.issuers.end())
    return refuse(Why::UnknownIssuer, "the token's issuer is not known here");
  return &*issuer;
}

tl::unexpected<Refusal> refuse_stale(Why why, const char* message, const Issuer& issuer) {
  return tl::unexpected<Refusal>(Refusal{why, message, issuer.name});
}

bool fits(const Key& key, Algorithm algorithm) {
  return key.key.type() == key_type_of(algorithm) && (!key.only || *key.only == algorithm);
}

Verdict<> check_signature(const Parts& parts, const Header& header, const Issuer& issuer,
                          const KeySet& set) {
  bool named = false;
  std::size_t tries = 0;
  for (const Key& key : set.keys) {
    if (header.key_id && key.id != *header.key_id) continue;
    named = true;
    if (!fits(key, header.algorithm)) continue;
    if (++tries > kMostTries)
      return refuse(Why::UnknownKey, "the token does not say with which key it was signed");
    if (key.key.verifies(header.algorithm, parts.signed_bytes, parts.signature)) return {};
  }
  if (!named)
    return refuse_stale(Why::UnknownKey,
                        "the token was signed with a key that its issuer does not publish", issuer);
  const Why why = tries > 0 ? Why::BadSignature : Why::AlgorithmNotAllowed;
  const char* const message =
      tries > 0 ? "the token's signature is wrong" : "the token's algorithm does not fit its key";
  // Where keys have no names, a new one cannot be told from a forgery.
  if (!header.key_id) return refuse_stale(why, message, issuer);
  return refuse(why, message);
}

}  // namespace

Verdict<Identity> verify_token(std::string_view token, const Trust& trust, Time now) {
  const auto parts = split(token);
  if (!parts) return tl::unexpected(parts.error());
  const auto header = read_header(parts->header);
  if (!header) return tl::unexpected(header.error());
  const auto claims = StrictJson::parse(parts->payload);
  if (!claims) return malformed("its claims are not a JSON object with unique names");
  const auto issuer = find_issuer(claims->object(), trust);
  if (!issuer) return tl::unexpected(issuer.error());

  const Issuer& rules = (*issuer)->rules;
  const auto& allowed = rules.algorithms;
  if (!allowed.empty() && std::ranges::find(allowed, header->algorithm) == allowed.end())
    return refuse(Why::AlgorithmNotAllowed, "the token's algorithm is not allowed here");
  if (!(*issuer)->keys || now >= (*issuer)->keys_until)
    return refuse_stale(Why::KeysUnavailable,
                        "the keys of the token's issuer cannot be had at the moment", rules);
  const auto signature = check_signature(*parts, *header, rules, *(*issuer)->keys);
  if (!signature) return tl::unexpected(signature.error());
  return check_claims(claims->object(), rules, now);
}

}  // namespace slipway::jwt

#include "gateway/auth/jwt/claims.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "gateway/auth/jwt/strict_json.hpp"

namespace slipway::jwt {
namespace {

namespace dom = simdjson::dom;

constexpr double kLatest = 253402300799;  // seconds; the end of the year 9999
constexpr std::size_t kMostTextBytes = 1024;
constexpr std::size_t kMostValues = 256;

tl::unexpected<Refusal> missing(std::string_view claim) {
  return refuse(Why::MissingClaim, "the token has no claim `" + std::string(claim) + "`");
}

// A NumericDate (RFC 7519 section 2): seconds, which may have a fraction.
Verdict<std::optional<Time>> read_time(const dom::object& claims, std::string_view name) {
  const auto found = member(claims, name);
  if (!found) return std::nullopt;
  double seconds = 0;
  // No number of JSON is NaN; one that is too large for a double is no JSON to the parser.
  if (!found->is_number() || found->get(seconds) || seconds < 0 || seconds > kLatest)
    return malformed("a date that is none");
  return Time(Duration(static_cast<std::int64_t>(std::floor(seconds * 1000))));
}

Verdict<> check_times(const dom::object& claims, const Issuer& issuer, Time now, Time& until) {
  const auto expires = read_time(claims, "exp");
  if (!expires) return tl::unexpected(expires.error());
  if (!*expires) return missing("exp");
  const auto begins = read_time(claims, "nbf");
  if (!begins) return tl::unexpected(begins.error());
  const auto issued = read_time(claims, "iat");
  if (!issued) return tl::unexpected(issued.error());

  until = **expires + issuer.skew;
  if (now >= until) return refuse(Why::Expired, "the token expired on " + to_rfc3339(**expires));
  if (*begins && now < **begins - issuer.skew)
    return refuse(Why::NotYetValid, "the token is not valid before " + to_rfc3339(**begins));
  if (*issued && now < **issued - issuer.skew)
    return refuse(Why::NotYetValid, "the token says it was issued on " + to_rfc3339(**issued));
  return {};
}

// One string, or a list of them (RFC 7519 section 4.1.3).
Verdict<std::vector<std::string>> read_texts(const dom::object& claims, std::string_view name) {
  const auto found = member(claims, name);
  if (!found) return missing(name);
  std::vector<std::string> texts;
  const auto take = [&](const dom::element& element) {
    const auto text = plain_text(element, kMostTextBytes);
    if (!text || text->empty()) return false;
    texts.emplace_back(*text);
    return true;
  };
  dom::array list;
  if (found->get(list)) {
    if (!take(*found)) return malformed("a claim that is not a text");
  } else if (list.size() > kMostValues || !std::ranges::all_of(list.begin(), list.end(), take)) {
    return malformed("a claim that is not a list of texts");
  }
  if (texts.empty()) return missing(name);
  return texts;
}

Verdict<> check_audience(const dom::object& claims, const Issuer& issuer) {
  const auto audiences = read_texts(claims, "aud");
  if (!audiences) return tl::unexpected(audiences.error());
  const bool ours = std::ranges::any_of(*audiences, [&](const std::string& one) {
    return std::ranges::find(issuer.audiences, one) != issuer.audiences.end();
  });
  if (!ours) return refuse(Why::WrongAudience, "the token is meant for another audience");
  return {};
}

}  // namespace

Verdict<Identity> check_claims(const dom::object& claims, const Issuer& issuer, Time now) {
  Identity identity;
  identity.issuer = issuer.name;
  const auto name = member(claims, "iss");
  std::string_view text;
  if (!name || name->get(text) || text != issuer.name)
    return refuse(Why::UnknownIssuer, "the token's issuer is not known here");
  if (const auto audience = check_audience(claims, issuer); !audience)
    return tl::unexpected(audience.error());
  if (const auto times = check_times(claims, issuer, now, identity.valid_until); !times)
    return tl::unexpected(times.error());

  if (const auto subject = member(claims, "sub")) {
    const auto said = plain_text(*subject, kMostTextBytes);
    if (!said) return malformed("a subject that is not a text");
    identity.subject = *said;
  }
  auto values = read_texts(claims, issuer.claim);
  if (!values) return tl::unexpected(values.error());
  identity.values = *std::move(values);
  return identity;
}

}  // namespace slipway::jwt

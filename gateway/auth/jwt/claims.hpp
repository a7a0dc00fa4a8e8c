// What an issuer's tokens must say (RFC 7519 section 4.1, RFC 8725 sections 3.8 and 3.9), and who
// is calling if they do. Pure; to be asked about a payload only whose signature has been verified.
#pragma once

#include <simdjson.h>

#include <chrono>
#include <string>
#include <vector>

#include "crds/base/time.hpp"
#include "gateway/auth/jwt/algorithm.hpp"
#include "gateway/auth/jwt/refusal.hpp"

namespace slipway::jwt {

struct Issuer {
  std::string name;                    // `iss`, compared byte by byte
  std::vector<std::string> audiences;  // of which `aud` must name one; none: all are refused
  std::string claim = "sub";           // whose value or values say the tenant; must be present
  std::vector<Algorithm> algorithms;   // allowed ones; empty: every one there is
  Duration skew = std::chrono::seconds(30);  // between the issuer's clock and ours
};

// Who is calling.
struct Identity {
  std::string issuer;
  std::string subject;              // `sub`; may be empty where another claim says the tenant
  std::vector<std::string> values;  // of the claim that says the tenant; at least one
  Time valid_until{};               // `exp` and the clock skew
};

Verdict<Identity> check_claims(const simdjson::dom::object& claims, const Issuer& issuer, Time now);

}  // namespace slipway::jwt

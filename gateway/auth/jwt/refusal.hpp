// Why a token is not accepted, for the caller and for counters. A message never repeats what stands
// in the token, except points in time and only after its signature has been found good.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>

namespace slipway::jwt {

enum class Why : std::uint8_t {
  Malformed,
  AlgorithmNotAllowed,
  UnknownIssuer,
  KeysUnavailable,  // ours to mend, not the caller's: the only one that is not answered with 401
  UnknownKey,
  BadSignature,
  MissingClaim,
  WrongAudience,
  Expired,
  NotYetValid,
};

const char* to_string(Why why);

struct Refusal {
  Why why = Why::Malformed;
  std::string message;  // lower case, no full stop
  // The issuer whose published keys may have changed since they were fetched: looking at them again
  // could accept the token. Empty where that is useless.
  std::string stale_issuer{};
};

template <class T = void>
using Verdict = tl::expected<T, Refusal>;

tl::unexpected<Refusal> refuse(Why why, std::string message);
// "the token is malformed: " and the reason.
tl::unexpected<Refusal> malformed(const char* reason);

}  // namespace slipway::jwt

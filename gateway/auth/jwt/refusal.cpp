#include "gateway/auth/jwt/refusal.hpp"

#include <utility>

namespace slipway::jwt {

const char* to_string(Why why) {
  switch (why) {
    case Why::Malformed:
      return "Malformed";
    case Why::AlgorithmNotAllowed:
      return "AlgorithmNotAllowed";
    case Why::UnknownIssuer:
      return "UnknownIssuer";
    case Why::KeysUnavailable:
      return "KeysUnavailable";
    case Why::UnknownKey:
      return "UnknownKey";
    case Why::BadSignature:
      return "BadSignature";
    case Why::MissingClaim:
      return "MissingClaim";
    case Why::WrongAudience:
      return "WrongAudience";
    case Why::Expired:
      return "Expired";
    case Why::NotYetValid:
      return "NotYetValid";
  }
  return "Unknown";
}

tl::unexpected<Refusal> refuse(Why why, std::string message) {
  return tl::unexpected<Refusal>(Refusal{why, std::move(message)});
}

tl::unexpected<Refusal> malformed(const char* reason) {
  return refuse(Why::Malformed, std::string("the token is malformed: ") + reason);
}

}  // namespace slipway::jwt

#include "gateway/auth/jwt/algorithm.hpp"

#include <array>

namespace slipway::jwt {
namespace {

struct Row {
  const char* name;
  KeyType type;
};
// In the order of the enumerators.
constexpr std::array<Row, 10> kRows{{
    {"RS256", KeyType::Rsa},
    {"RS384", KeyType::Rsa},
    {"RS512", KeyType::Rsa},
    {"PS256", KeyType::Rsa},
    {"PS384", KeyType::Rsa},
    {"PS512", KeyType::Rsa},
    {"ES256", KeyType::P256},
    {"ES384", KeyType::P384},
    {"ES512", KeyType::P521},
    {"EdDSA", KeyType::Ed25519},
}};

const Row& row_of(Algorithm algorithm) {
  return kRows.at(static_cast<std::size_t>(algorithm));
}

}  // namespace

std::optional<Algorithm> algorithm_named(std::string_view name) {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (name == kRows[i].name) return static_cast<Algorithm>(i);
  return std::nullopt;
}

const char* to_string(Algorithm algorithm) {
  return row_of(algorithm).name;
}

KeyType key_type_of(Algorithm algorithm) {
  return row_of(algorithm).type;
}

}  // namespace slipway::jwt

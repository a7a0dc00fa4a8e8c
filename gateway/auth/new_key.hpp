// A key for a tenant: its text, which is shown once, and what is kept of it.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "gateway/config/gateway_config.hpp"

namespace slipway::gateway {

struct NewKey {
  std::string text;  // sk-<id>-<secret>: 8 and 43 characters
  KeyRecord record;
};

// 5 bytes for the id and 32 for the secret.
using KeyBytes = std::array<unsigned char, 37>;

// REQUIRES: `random` comes from a cryptographic generator.
NewKey make_key(const KeyBytes& random, std::string_view pepper);

}  // namespace slipway::gateway

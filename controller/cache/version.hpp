// Order of resourceVersions. Kubernetes promises since 1.35 (KEP-5504) that they are decimal
// numbers that grow per resource, and every released server behaves so. 0 stands for a version
// that is not a decimal number: it compares as older than all others, and whoever compares must
// then take the newcomer.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace slipway {

using Version = std::uint64_t;

inline Version parse_version(std::string_view text) {
  Version version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  return error == std::errc{} && end == text.data() + text.size() ? version : 0;
}

}  // namespace slipway

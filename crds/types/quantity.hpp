// Kubernetes' quantities ("18Gi", "500m", "1e3") read exactly, without floating point. Values are
// rounded up where a unit is too coarse, as Kubernetes does, so a request never shrinks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "crds/base/result.hpp"

namespace slipway {

// Whole units: bytes of a memory quantity, or a plain count. Refuses negative values.
Result<std::int64_t> parse_bytes(std::string_view text);
// Thousandths: milli-CPU of a cpu quantity.
Result<std::int64_t> parse_milli(std::string_view text);
// The form that the API server stores: "1024Mi" becomes "1Gi", "0.5" becomes "500m".
Result<std::string> canonical_quantity(std::string_view text);

// For messages: whole MiB, rounded up for what is needed, down for what there is.
inline std::int64_t mib_needed(std::int64_t bytes) {
  return bytes / 1048576 + (bytes % 1048576 != 0);
}
inline std::int64_t mib_granted(std::int64_t bytes) {
  return bytes / 1048576;
}
// For people: "917 B", "1.4 MiB", "18 GiB".
std::string describe_bytes(std::int64_t bytes);

}  // namespace slipway

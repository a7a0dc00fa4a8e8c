// By what a file is told to have changed. A mounted ConfigMap or Secret changes by a link that is
// moved, which shows in the identity of what it leads to.
#pragma once

#include <cstdint>
#include <string>

namespace slipway::gateway {

struct FileIdentity {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileIdentity&) const = default;
};

// All zero where there is no file.
FileIdentity identity_of(const std::string& path);

}  // namespace slipway::gateway

// The configuration in a file: read, checked, compiled, and read again when it changes.
#pragma once

#include <string>

#include "gateway/config/snapshot.hpp"

namespace slipway::gateway {

class ConfigFile {
 public:
  explicit ConfigFile(std::string path) : path_(std::move(path)) {}

  // Remembers what was read, if it was good. Errors name the file.
  Result<Compiled> load();
  // Whether the file is another one than at the last `load`. A mounted ConfigMap changes by a link
  // that is moved, which shows in the file's identity.
  bool has_changed() const;

  // Of the last good load, without tenants and models.
  const GatewayConfig& config() const { return config_; }
  const std::string& pepper() const { return pepper_; }

 private:
  struct Identity {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Identity&) const = default;
  };
  Identity identity() const;

  const std::string path_;
  Identity seen_;
  GatewayConfig config_;
  std::string pepper_;
};

}  // namespace slipway::gateway

// The configuration in a file: read, checked, compiled, and read again when it changes.
#pragma once

#include <string>

#include "gateway/config/file_identity.hpp"
#include "gateway/config/snapshot.hpp"

namespace slipway::gateway {

// The bytes that keys' MACs are made with; at least 16 of them.
Result<std::string> read_pepper(const std::string& path);

class ConfigFile {
 public:
  explicit ConfigFile(std::string path) : path_(std::move(path)) {}

  // Remembers what was read, if it was good. Errors name the file.
  Result<Compiled> load();
  // Whether the file is there and another one than at the last `load`.
  bool has_changed() const;

  // Of the last good load, without tenants and models.
  const GatewayConfig& config() const { return config_; }
  const std::string& pepper() const { return pepper_; }

 private:
  const std::string path_;
  FileIdentity seen_;
  GatewayConfig config_;
  std::string pepper_;
};

}  // namespace slipway::gateway

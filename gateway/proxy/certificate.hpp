// The certificate that a listener shows, from two files, which may change: connections from then on
// see the new one, others keep theirs.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>

#include "crds/base/result.hpp"
#include "gateway/config/file_identity.hpp"

namespace slipway::gateway {

class Certificate {
 public:
  // PEM files: a chain, and its first certificate's private key.
  Certificate(std::string chain_file, std::string key_file)
      : chain_file_(std::move(chain_file)), key_file_(std::move(key_file)) {}

  // An error names the file; what was loaded before stays.
  Result<> load();
  // Whether a file is another one than at the last `load`, whatever came of that.
  bool has_changed() const;
  // From any thread, after a load that succeeded.
  std::shared_ptr<SSL_CTX> current() const;

 private:
  const std::string chain_file_, key_file_;
  FileIdentity chain_seen_, key_seen_;
  mutable std::mutex mutex_;
  std::shared_ptr<SSL_CTX> current_;  // guarded by mutex_
};

}  // namespace slipway::gateway

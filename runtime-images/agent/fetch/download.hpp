// A file over HTTPS into a partial file, hashed while it arrives, resumed after a cut. Blocking,
// one thread, a fixed amount of memory.
#pragma once

#include <functional>
#include <string>

#include "runtime-images/agent/fetch/https.hpp"
#include "runtime-images/agent/fetch/partial_file.hpp"

namespace slipway::agent {

struct DownloadOptions {
  TlsOptions tls;
  std::string authorization;
  int tries = 8;  // in a row without a new byte
  Duration first_pause{200}, longest_pause{5000};
  bool verified_later = false;  // a digest is expected: resuming cannot mix two contents unseen
};

// Where progress goes, line by line.
using Print = std::function<void(const std::string&)>;

// Returns the digest of the whole content ("sha256:<hex>").
Outcome<std::string> download(const ModelUri& uri, const DownloadOptions& options,
                              PartialFile& file, const Print& print);

}  // namespace slipway::agent

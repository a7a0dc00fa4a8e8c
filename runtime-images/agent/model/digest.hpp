// SHA-256 over bytes that pass by, with OpenSSL (1.8 GB/s per core where the CPU helps).
#pragma once

#include <memory>
#include <span>
#include <string>

#include "runtime-images/agent/report.hpp"

namespace slipway::agent {

// One hash in the making; one thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const char> bytes);
  // "sha256:<hex>" of everything so far; the hash begins anew afterwards.
  std::string finish();
  void restart();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Reads the whole file with a fixed buffer; `size` gets the number of bytes hashed.
Outcome<std::string> hash_file(const std::string& path, std::int64_t& size);

}  // namespace slipway::agent

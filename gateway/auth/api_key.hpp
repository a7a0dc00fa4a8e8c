// API keys: `sk-<id>-<secret>`. What is kept of one is HMAC-SHA-256(pepper, whole text), so neither
// the configuration nor the cluster holds anything that can call.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

#include "crds/base/time.hpp"
#include "gateway/config/snapshot.hpp"

namespace slipway::gateway {

enum class KeyVerdict {
  Good,
  Missing,    // no key was sent
  Malformed,  // not of the form of a key
  Wrong,      // no such key: an unknown id and a wrong secret are not told apart
  Expired,
  Revoked
};

struct KeyCheck {
  KeyVerdict verdict = KeyVerdict::Missing;
  const CompiledKey* key = nullptr;  // of the snapshot; for Good, Expired and Revoked
};

// The key in `Authorization: Bearer ...` or, of Anthropic's clients, `x-api-key`; empty: none.
std::string_view key_in(std::string_view authorization, std::string_view x_api_key);

// "...9f3c": all of a key that may be shown.
std::string ending_of(std::string_view key);

// Makes MACs under one pepper. Not safe for two threads at once: each reactor has its own.
class KeyVerifier {
 public:
  explicit KeyVerifier(std::string_view pepper);

  KeyCheck check(std::string_view key, const Snapshot& snapshot, Time now);
  Mac mac(std::string_view key);

 private:
  struct Free {
    void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  };
  std::unique_ptr<EVP_MAC, Free> algorithm_;
  std::unique_ptr<EVP_MAC_CTX, Free> context_;
};

}  // namespace slipway::gateway

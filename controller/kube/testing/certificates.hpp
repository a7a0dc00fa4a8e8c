// Certificates for tests, made on the spot: nothing in the tree can expire.
#pragma once

#include <string>

namespace slipway::kube::fake {

struct KeyPair {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

KeyPair make_authority(const std::string& name);

// `names` as in OpenSSL's subjectAltName: "IP:127.0.0.1,DNS:localhost"; empty for a client.
KeyPair make_certificate(const KeyPair& authority, const std::string& common_name,
                         const std::string& names);

}  // namespace slipway::kube::fake

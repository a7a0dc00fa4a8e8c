// Where the API server is and what proves who we are: from a kubeconfig file or from the service
// account of the pod we run in. Certificates and tokens that are files stay names of files here:
// they are rotated while we run (see secrets.hpp). Values and file reads, no network.
#pragma once

#include <string>
#include <string_view>

#include "crds/base/result.hpp"

namespace slipway::kube {

struct Endpoint {
  bool tls = true;
  std::string host;  // name or address, IPv6 without brackets
  std::string port;
  std::string path;  // prefix of every target, without a trailing slash; mostly empty

  std::string authority() const;  // "[::1]:6443", as in the header `Host`
};

// "https://10.0.0.1:6443/prefix"
Result<Endpoint> parse_endpoint(std::string_view url);

// A text that is given directly or is the content of a file; both empty: not given.
struct Source {
  std::string text;
  std::string file;

  bool given() const { return !text.empty() || !file.empty(); }
};

struct Credentials {
  Endpoint endpoint;
  std::string server_name;  // to expect in the certificate; empty: the endpoint's host
  Source ca;                // PEM, the only roots that are trusted
  Source certificate;       // PEM, with its key
  Source key;
  Source token;
  std::string ns;  // of the context or the pod; may be empty
};

// The current context of a kubeconfig. Errors name the file and the field.
Result<Credentials> read_kubeconfig(const std::string& file);
// The same for a text that was read already; `file` is where it came from, for errors.
Result<Credentials> parse_kubeconfig(const std::string& text, const std::string& file);

// REQUIRES: `host` and `port` are KUBERNETES_SERVICE_HOST and _PORT of a pod.
Result<Credentials> read_service_account(
    std::string_view host, std::string_view port,
    const std::string& folder = "/var/run/secrets/kubernetes.io/serviceaccount");

}  // namespace slipway::kube

// Texts as kubeconfigs. What is accepted has to be complete and fit to be sent in a request's head;
// what is refused has to say in which file.

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "controller/kube/credentials.hpp"
#include "crds/base/check.hpp"

namespace slipway::kube {
namespace {

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

void expect_usable(const Endpoint& endpoint) {
  SLIPWAY_CHECK(!endpoint.host.empty() && is_visible(endpoint.host), "a host can be sent");
  SLIPWAY_CHECK(is_visible(endpoint.path) && !endpoint.path.ends_with('/'), "a path can be sent");
  SLIPWAY_CHECK(endpoint.path.empty() || endpoint.path.starts_with('/'), "a path begins at /");
  SLIPWAY_CHECK(std::ranges::all_of(endpoint.port, [](char c) { return c >= '0' && c <= '9'; }),
                "a port is a number");
  const auto again = parse_endpoint((endpoint.tls ? "https://" : "http://") + endpoint.authority() +
                                    endpoint.path);
  SLIPWAY_CHECK(again && again->host == endpoint.host && again->port == endpoint.port &&
                    again->path == endpoint.path && again->tls == endpoint.tls,
                "an address survives being written");
}

void expect_complete(const Credentials& credentials) {
  expect_usable(credentials.endpoint);
  SLIPWAY_CHECK(!credentials.endpoint.tls || credentials.ca.given(), "a server can be trusted");
  SLIPWAY_CHECK(credentials.certificate.given() == credentials.key.given(),
                "a certificate has its key");
  SLIPWAY_CHECK(credentials.token.text.empty() || credentials.token.file.empty(),
                "there is one token");
}

}  // namespace
}  // namespace slipway::kube

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;
  using namespace slipway::kube;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto endpoint = parse_endpoint(text)) expect_usable(*endpoint);
  const auto credentials = parse_kubeconfig(text, "file");
  if (credentials) {
    expect_complete(*credentials);
    return 0;
  }
  const Error& error = credentials.error();
  SLIPWAY_CHECK(error.fault == Fault::Invalid, "a wrong file does not get right by itself");
  SLIPWAY_CHECK(error.what.starts_with("kubeconfig file: "), "an error names the file");
  return 0;
}

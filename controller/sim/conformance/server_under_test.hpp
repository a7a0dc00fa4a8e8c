// One face for the simulated API server and a real one: what a script asks of both. Used by one
// thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "controller/kube/api_client.hpp"
#include "controller/kube/transport.hpp"

namespace slipway::sim {

class ServerUnderTest {
 public:
  virtual ~ServerUnderTest() = default;

  // Makes the namespace; a version from before everything that happens in it.
  virtual Result<std::string> begin(const std::string& ns) = 0;
  virtual kube::ApiClient& api() = 0;
  virtual Result<Json> create(const std::string& manager, const Json& object) = 0;
  // A read, the change (see `Step::object`), and an update on the version read.
  virtual Result<> update(const std::string& manager, const ObjectRef& ref, const Json& change,
                          bool status) = 0;
  // The events of `until`'s kind and namespace after `version`, up to and without those of `until`.
  virtual Result<std::vector<Json>> events(const ObjectRef& until, const std::string& selector,
                                           const std::string& version) = 0;
  // Read in pages of two.
  virtual Result<std::vector<Json>> list(const ObjectRef& like, const std::string& selector) = 0;
};

std::unique_ptr<ServerUnderTest> simulated_server();
// `transport` must outlive it.
std::unique_ptr<ServerUnderTest> real_server(kube::Transport& transport);

}  // namespace slipway::sim

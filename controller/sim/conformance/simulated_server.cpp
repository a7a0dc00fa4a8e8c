#include <utility>

#include "controller/sim/conformance/lines.hpp"
#include "controller/sim/conformance/server_under_test.hpp"
#include "controller/sim/sim_api_server.hpp"

namespace slipway::sim {
namespace {

class Simulated : public ServerUnderTest {
 public:
  Result<std::string> begin(const std::string&) override {
    return std::to_string(server_.version());
  }

  kube::ApiClient& api() override { return server_; }

  Result<Json> create(const std::string& manager, const Json& object) override {
    return server_.create_as(manager, object);
  }

  Result<> update(const std::string& manager, const ObjectRef& ref, const Json& change,
                  bool status) override {
    const auto edit = [&](Json& object) { make_change(object, change); };
    return status ? server_.edit_status_as(manager, ref, edit)
                  : server_.edit_as(manager, ref, edit);
  }

  Result<std::vector<Json>> events(const ObjectRef& until, const std::string& selector,
                                   const std::string& version) override {
    auto stream = server_.open_watch(watch_target(until, selector, version));
    if (!stream) return tl::unexpected(std::move(stream).error());
    std::vector<Json> events;
    while (stream->has_line()) {
      Json event = Json::parse(stream->next_line());
      if (event["object"]["metadata"]["name"] == until.name) break;
      events.push_back(std::move(event));
    }
    return events;
  }

  Result<std::vector<Json>> list(const ObjectRef& like, const std::string& selector) override {
    return read_pages(like, selector,
                      [&](const std::string& target) { return server_.list_page(target); });
  }

 private:
  SimApiServer server_{[] { return Time(std::chrono::seconds(1'700'000'000)); }};
};

}  // namespace

std::unique_ptr<ServerUnderTest> simulated_server() {
  return std::make_unique<Simulated>();
}

}  // namespace slipway::sim

#include <chrono>
#include <stop_token>
#include <utility>

#include "controller/kube/client.hpp"
#include "controller/kube/status.hpp"
#include "controller/sim/conformance/lines.hpp"
#include "controller/sim/conformance/server_under_test.hpp"

namespace slipway::sim {
namespace {

constexpr std::chrono::seconds kTimeout{30};

class Real : public ServerUnderTest {
 public:
  explicit Real(kube::Transport& transport) : transport_(transport), client_(transport) {}

  Result<std::string> begin(const std::string& ns) override {
    const auto made =
        send("POST", "/api/v1/namespaces",
             {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", ns}}}});
    if (!made) return tl::unexpected(made.error());
    return (*made)["metadata"]["resourceVersion"].get<std::string>();
  }

  kube::ApiClient& api() override { return client_; }

  Result<Json> create(const std::string& manager, const Json& object) override {
    const ObjectRef ref = ref_of(object);
    return send(
        "POST",
        kube::collection_path(resource_of(ref), ref.namespace_) + "?fieldManager=" + manager,
        object);
  }

  Result<> update(const std::string& manager, const ObjectRef& ref, const Json& change,
                  bool status) override {
    const auto found = client_.get({resource_of(ref), ref.namespace_, ref.name});
    if (!found) return tl::unexpected(found.error());
    Json object = Json::parse(found->body);
    make_change(object, change);
    const auto done = send("PUT",
                           kube::object_path(resource_of(ref), ref.namespace_, ref.name) +
                               (status ? "/status" : "") + "?fieldManager=" + manager,
                           object);
    if (!done) return tl::unexpected(done.error());
    return {};
  }

  Result<std::vector<Json>> events(const ObjectRef& until, const std::string& selector,
                                   const std::string& version) override {
    std::vector<Json> events;
    std::string rest;
    std::stop_source stop;
    const auto read = [&](std::string_view bytes) {
      rest += bytes;
      for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
        Json event = Json::parse(rest.substr(0, end), nullptr, false);
        rest.erase(0, end + 1);
        if (stop.stop_requested()) continue;
        if (event["object"]["metadata"].value("name", "") == until.name) {
          stop.request_stop();
        } else {
          events.push_back(std::move(event));
        }
      }
    };
    kube::HttpRequest request;
    request.target = watch_target(until, selector, version);
    const auto ended = transport_.stream(request, stop.get_token(), kTimeout, read);
    if (!ended) return tl::unexpected(ended.error());
    if (!stop.stop_requested())
      return fail(Fault::Unavailable, "the watch ended before the mark; its last event: " +
                                          (events.empty() ? rest : events.back().dump()));
    return events;
  }

  Result<std::vector<Json>> list(const ObjectRef& like, const std::string& selector) override {
    return read_pages(like, selector,
                      [&](const std::string& target) { return client_.get_raw(target); });
  }

 private:
  Result<Json> send(const char* method, const std::string& target, const Json& body) {
    kube::HttpRequest request;
    request.method = method;
    request.target = target;
    request.content_type = "application/json";
    request.body = body.dump();
    auto answer = kube::checked(transport_.send(request, kTimeout));
    if (!answer) return tl::unexpected(std::move(answer).error());
    return Json::parse(answer->body);
  }

  kube::Transport& transport_;
  kube::Client client_;
};

}  // namespace

std::unique_ptr<ServerUnderTest> real_server(kube::Transport& transport) {
  return std::make_unique<Real>(transport);
}

}  // namespace slipway::sim

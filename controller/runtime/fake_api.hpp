// A scripted API server for the tests of this folder: takes every write, answers with the object
// as a server would store it, and can be told to refuse. Used by one thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/kube/api_client.hpp"

namespace slipway {

class FakeApi : public kube::ApiClient {
 public:
  std::vector<std::string> calls;       // "apply Service chat", "apply! ..." when forced
  std::deque<Error> refusals;           // for the next writes, in order
  std::map<std::string, Json> foreign;  // what `get` finds, by name
  std::optional<Error> unreadable;      // instead of what `get` finds
  std::map<std::string, Json> stored;   // by kind and name, as the server would hold it
  int version = 1000;                   // of the whole cluster
  // What admission makes of an applied object.
  std::function<void(Json&)> mutate = [](Json&) {};
  Json last;
  std::string removed_version;  // that the last delete insisted on

  Result<kube::ApplyAnswer> get(const kube::GetRequest& request) override {
    calls.push_back("get " + request.resource.kind + " " + request.name);
    if (unreadable) return tl::unexpected(*unreadable);
    const auto found = foreign.find(request.name);
    if (found == foreign.end()) return fail(Fault::NotFound, "not found");
    return kube::ApplyAnswer{found->second.dump()};
  }
  Result<kube::ApplyAnswer> apply(const kube::ApplyRequest& request) override {
    const bool main = request.manager == kube::kFieldManager;
    const std::string object = request.resource.kind + " " + request.name;
    return write(
        (request.force ? "apply! " : "apply ") + (main ? "" : request.manager + " ") + object,
        object, request.object);
  }
  Result<kube::ApplyAnswer> apply_status(const kube::ApplyRequest& request) override {
    const std::string object = request.resource.kind + " " + request.name;
    return write("status " + object, object, request.object);
  }
  Result<kube::ApplyAnswer> create(const kube::CreateRequest& request) override {
    const std::string reason = request.object["reason"].get<std::string>();
    return write("create " + request.resource.kind + " " + reason, "Event", request.object);
  }
  Result<> remove(const kube::RemoveRequest& request) override {
    const std::string object = request.resource.kind + " " + request.name;
    removed_version = request.resource_version;
    const auto done = write("delete " + object + " " + request.uid, object, {});
    if (!done) return tl::unexpected(done.error());
    stored.erase(object);
    return {};
  }
  Result<kube::ApplyAnswer> patch_finalizers(const kube::FinalizersPatch&) override {
    return fail(Fault::Invalid, "no plan asks for this");
  }

 private:
  Result<kube::ApplyAnswer> write(const std::string& call, const std::string& name, Json object) {
    calls.push_back(call);
    if (!refusals.empty()) {
      Error refusal = refusals.front();
      refusals.pop_front();
      return tl::unexpected(std::move(refusal));
    }
    last = object;
    if (!object.is_object()) return kube::ApplyAnswer{};
    mutate(object);
    Json& held = stored[name];
    held.merge_patch(object);
    if (!held["metadata"].contains("uid")) held["metadata"]["uid"] = "uid-of-" + name;
    held["metadata"]["resourceVersion"] = std::to_string(++version);
    return kube::ApplyAnswer{held.dump()};
  }
};

}  // namespace slipway

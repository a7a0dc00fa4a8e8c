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
  // What admission makes of an applied object.
  std::function<void(Json&)> mutate = [](Json&) {};
  Json last;

  Result<kube::ApplyAnswer> get(const kube::GetRequest& request) override {
    calls.push_back("get " + request.resource.kind + " " + request.name);
    const auto found = foreign.find(request.name);
    if (found == foreign.end()) return fail(Fault::NotFound, "not found");
    return kube::ApplyAnswer{found->second.dump()};
  }
  Result<kube::ApplyAnswer> apply(const kube::ApplyRequest& request) override {
    return write(std::string(request.force ? "apply! " : "apply ") +
                     (request.manager == kube::kFieldManager ? "" : request.manager + " ") +
                     request.resource.kind + " " + request.name,
                 request.object, request.name);
  }
  Result<kube::ApplyAnswer> apply_status(const kube::ApplyRequest& request) override {
    return write("status " + request.resource.kind + " " + request.name, request.object,
                 request.name);
  }
  Result<kube::ApplyAnswer> create(const kube::CreateRequest& request) override {
    return write(
        "create " + request.resource.kind + " " + request.object["reason"].get<std::string>(),
        request.object, request.object["metadata"]["name"].get<std::string>());
  }
  Result<> remove(const kube::RemoveRequest& request) override {
    const auto done =
        write("delete " + request.resource.kind + " " + request.name + " " + request.uid, {}, "");
    if (!done) return tl::unexpected(done.error());
    return {};
  }
  Result<kube::ApplyAnswer> patch_finalizers(const kube::FinalizersPatch&) override {
    return fail(Fault::Invalid, "no plan asks for this");
  }

 private:
  Result<kube::ApplyAnswer> write(const std::string& call, Json object, const std::string& name) {
    calls.push_back(call);
    if (!refusals.empty()) {
      Error refusal = refusals.front();
      refusals.pop_front();
      return tl::unexpected(std::move(refusal));
    }
    last = object;
    if (object.is_object()) {
      mutate(object);
      object["metadata"]["uid"] = object["metadata"].value("uid", "uid-of-" + name);
      object["metadata"]["resourceVersion"] = std::to_string(++version_);
    }
    return kube::ApplyAnswer{object.dump()};
  }

  int version_ = 1000;
};

}  // namespace slipway

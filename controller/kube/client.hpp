// The Kubernetes API in the terms of its own verbs, above any `Transport`. Thread-safe as far as
// the transport is, which must outlive it. Nothing is retried here: whoever decides may have
// decided differently by then.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "controller/kube/api_client.hpp"
#include "controller/kube/transport.hpp"

namespace slipway::kube {

// A write is given up after so long by us, and by the server too: it cannot take effect later than
// that after it was sent.
inline constexpr Duration kWriteTimeout = std::chrono::seconds(5);

struct ClientOptions {
  Duration timeout = std::chrono::seconds(15);  // of one read
  // Whether writes may leave; empty: always. Asked from any thread.
  std::function<bool()> may_write{};
};

class Client : public ApiClient {
 public:
  explicit Client(Transport& transport, ClientOptions options = {})
      : transport_(transport), options_(std::move(options)) {}

  Result<ApplyAnswer> get(const GetRequest& request) override;
  Result<ApplyAnswer> apply(const ApplyRequest& request) override;
  Result<ApplyAnswer> apply_status(const ApplyRequest& request) override;
  Result<ApplyAnswer> create(const CreateRequest& request) override;
  Result<> remove(const RemoveRequest& request) override;
  Result<ApplyAnswer> patch_finalizers(const FinalizersPatch& request) override;

  // One page of a consistent list; an empty `continue_token` asks for the first.
  Result<std::string> list_page(const Resource& resource, std::string_view ns, int limit,
                                std::string_view continue_token = {});

  // Any GET of the API server: "/version", "/readyz".
  Result<std::string> get_raw(std::string target);

 private:
  Result<ApplyAnswer> apply_to(const ApplyRequest& request, const char* subresource);
  Result<std::string> read(std::string target);
  Result<std::string> write(HttpRequest request);

  Transport& transport_;
  const ClientOptions options_;
};

}  // namespace slipway::kube

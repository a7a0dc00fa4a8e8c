// Counts every call to the API server by verb, resource and outcome. Passes everything on
// unchanged; as thread-safe as what it wraps, which must outlive it, as must the counter.
#pragma once

#include "controller/kube/api_client.hpp"
#include "controller/observe/metrics.hpp"

namespace slipway {

class MeteredApi : public kube::ApiClient {
 public:
  MeteredApi(kube::ApiClient& api, Counter& requests) : api_(api), requests_(requests) {}

  Result<kube::ApplyAnswer> get(const kube::GetRequest& request) override;
  Result<kube::ApplyAnswer> apply(const kube::ApplyRequest& request) override;
  Result<kube::ApplyAnswer> apply_status(const kube::ApplyRequest& request) override;
  Result<kube::ApplyAnswer> create(const kube::CreateRequest& request) override;
  Result<> remove(const kube::RemoveRequest& request) override;
  Result<kube::ApplyAnswer> patch_finalizers(const kube::FinalizersPatch& request) override;

 private:
  template <class Answer>
  Answer counted(const char* verb, const kube::Resource& resource, Answer answer);

  kube::ApiClient& api_;
  Counter& requests_;
};

}  // namespace slipway

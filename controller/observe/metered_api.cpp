#include "controller/observe/metered_api.hpp"

#include <utility>

namespace slipway {

template <class Answer>
Answer MeteredApi::counted(const char* verb, const kube::Resource& resource, Answer answer) {
  requests_.add({{"verb", verb},
                 {"resource", resource.plural},
                 {"code", answer ? "OK" : to_string(answer.error().fault)}});
  return answer;
}

Result<kube::ApplyAnswer> MeteredApi::get(const kube::GetRequest& request) {
  return counted("get", request.resource, api_.get(request));
}
Result<kube::ApplyAnswer> MeteredApi::apply(const kube::ApplyRequest& request) {
  return counted("apply", request.resource, api_.apply(request));
}
Result<kube::ApplyAnswer> MeteredApi::apply_status(const kube::ApplyRequest& request) {
  return counted("apply_status", request.resource, api_.apply_status(request));
}
Result<kube::ApplyAnswer> MeteredApi::create(const kube::CreateRequest& request) {
  return counted("create", request.resource, api_.create(request));
}
Result<> MeteredApi::remove(const kube::RemoveRequest& request) {
  return counted("delete", request.resource, api_.remove(request));
}
Result<kube::ApplyAnswer> MeteredApi::patch_finalizers(const kube::FinalizersPatch& request) {
  return counted("patch", request.resource, api_.patch_finalizers(request));
}

}  // namespace slipway

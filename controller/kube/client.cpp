#include "controller/kube/client.hpp"

#include "controller/kube/status.hpp"

namespace slipway::kube {
namespace {

constexpr const char* kJsonType = "application/json";
// The server reads JSON as YAML here; there is no JSON form of this type before Kubernetes 1.33.
constexpr const char* kApplyType = "application/apply-patch+yaml";
constexpr const char* kMergePatchType = "application/merge-patch+json";

const char* to_string(Propagation propagation) {
  switch (propagation) {
    case Propagation::Background:
      return "Background";
    case Propagation::Foreground:
      return "Foreground";
    case Propagation::Orphan:
      return "Orphan";
  }
  return "Background";
}

std::string label(const char* verb, const Resource& resource, std::string_view ns,
                  std::string_view name) {
  std::string text = std::string(verb) + " " + resource.kind + " ";
  if (resource.namespaced) text.append(ns).append("/");
  return text.append(name);
}

Result<ApplyAnswer> answer(Result<std::string> body, const std::string& context) {
  if (!body) return tl::unexpected(std::move(body).error().within(context));
  return ApplyAnswer{*std::move(body)};
}

// Invalid bytes in a text become the replacement character instead of an exception.
std::string to_text(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<std::string> Client::read(std::string target) {
  HttpRequest request;
  request.target = std::move(target);
  request.repeatable = true;
  auto response = checked(transport_.send(request, options_.timeout));
  if (!response) return tl::unexpected(std::move(response).error());
  return std::move(response->body);
}

Result<std::string> Client::write(HttpRequest request) {
  request.target += request.target.find('?') == std::string::npos ? '?' : '&';
  request.target +=
      "timeout=" + std::to_string(std::chrono::floor<std::chrono::seconds>(kWriteTimeout).count()) +
      "s";
  request.permit = options_.may_write;
  auto response = checked(transport_.send(request, kWriteTimeout));
  if (!response) return tl::unexpected(std::move(response).error());
  return std::move(response->body);
}

Result<ApplyAnswer> Client::apply(const ApplyRequest& request) {
  return apply_to(request, "");
}

Result<ApplyAnswer> Client::apply_status(const ApplyRequest& request) {
  return apply_to(request, "/status");
}

Result<ApplyAnswer> Client::apply_to(const ApplyRequest& request, const char* subresource) {
  HttpRequest http;
  http.method = "PATCH";
  http.target = object_path(request.resource, request.ns, request.name) + subresource +
                "?fieldManager=" + url_escape(request.manager) +
                (request.force ? "&force=true" : "");
  http.content_type = kApplyType;
  http.body = to_text(request.object);
  http.repeatable = true;
  return answer(write(std::move(http)),
                label("apply", request.resource, request.ns, request.name) + subresource);
}

Result<ApplyAnswer> Client::create(const CreateRequest& request) {
  HttpRequest http;
  http.method = "POST";
  http.target =
      collection_path(request.resource, request.ns) + "?fieldManager=" + url_escape(kFieldManager);
  http.content_type = kJsonType;
  http.body = to_text(request.object);
  return answer(write(std::move(http)),
                label("create", request.resource, request.ns,
                      request.object.value(Json::json_pointer("/metadata/name"), "")));
}

Result<> Client::remove(const RemoveRequest& request) {
  Json options = {{"apiVersion", "v1"},
                  {"kind", "DeleteOptions"},
                  {"propagationPolicy", to_string(request.propagation)}};
  if (!request.uid.empty()) options["preconditions"]["uid"] = request.uid;
  if (!request.resource_version.empty())
    options["preconditions"]["resourceVersion"] = request.resource_version;
  HttpRequest http;
  http.method = "DELETE";
  http.target = object_path(request.resource, request.ns, request.name);
  http.content_type = kJsonType;
  http.body = to_text(options);
  http.repeatable = !request.uid.empty();  // the second one cannot hit another object
  auto done = write(std::move(http));
  if (!done)
    return tl::unexpected(std::move(done).error().within(
        label("delete", request.resource, request.ns, request.name)));
  return {};
}

Result<ApplyAnswer> Client::patch_finalizers(const FinalizersPatch& request) {
  const Json patch = {
      {"metadata",
       {{"resourceVersion", request.resource_version}, {"finalizers", request.finalizers}}}};
  HttpRequest http;
  http.method = "PATCH";
  http.target = object_path(request.resource, request.ns, request.name) +
                "?fieldManager=" + url_escape(kFieldManager);
  http.content_type = kMergePatchType;
  http.body = to_text(patch);
  return answer(write(std::move(http)),
                label("set finalizers of", request.resource, request.ns, request.name));
}

Result<std::string> Client::get_raw(std::string target) {
  return read(std::move(target));
}

Result<ApplyAnswer> Client::get(const GetRequest& request) {
  return answer(get_raw(object_path(request.resource, request.ns, request.name)),
                label("get", request.resource, request.ns, request.name));
}

Result<std::string> Client::list_page(const Resource& resource, std::string_view ns, int limit,
                                      std::string_view continue_token) {
  std::string target = collection_path(resource, ns) + "?limit=" + std::to_string(limit);
  if (!continue_token.empty()) target += "&continue=" + url_escape(continue_token);
  auto body = get_raw(std::move(target));
  if (!body) return tl::unexpected(std::move(body).error().within("list " + resource.plural));
  return body;
}

}  // namespace slipway::kube

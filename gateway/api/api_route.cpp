#include "gateway/api/api_route.hpp"

#include <algorithm>
#include <array>

namespace slipway::gateway {
namespace {

using http::Method;

constexpr std::array<std::string_view, 11> kInference = {
    "/v1/chat/completions", "/v1/completions",           "/v1/embeddings", "/v1/responses",
    "/v1/messages",         "/v1/messages/count_tokens", "/v1/rerank",     "/v1/score",
    "/v1/audio/speech",     "/v1/images/generations",    "/tokenize"};

bool is_get(Method method) {
  return method == Method::Get || method == Method::Head;
}

// The first `count` segments with their slashes, "/a/b" of "/a/b/c"; empty: there are fewer.
std::string_view segments(std::string_view path, int count) {
  std::size_t at = 0;
  for (; count > 0; --count) {
    if (at >= path.size() || path[at] != '/') return {};
    at = std::min(path.find('/', at + 1), path.size());
  }
  return path.substr(0, at);
}

// Of Open Inference Protocol, behind "/v2/models": "/MODEL", "/MODEL/ready", "/MODEL/infer",
// "/MODEL/versions/V/...", where MODEL is NAMESPACE/NAME or an alias.
ApiRoute open_inference(Method method, std::string_view path, std::string_view rest) {
  constexpr std::array<std::string_view, 6> kVerbs = {"/ready",    "/infer",           "/versions",
                                                      "/generate", "/generate_stream", "/config"};
  const auto is_verb = [&](std::string_view segment) {
    return std::ranges::find(kVerbs, segment) != kVerbs.end();
  };
  const std::string_view one = segments(rest, 1), two = segments(rest, 2);
  if (one.size() < 2) return {};
  const bool has_namespace = !two.empty() && !is_verb(two.substr(one.size()));
  const std::string_view model = has_namespace ? two : one;
  const bool writes =
      rest.ends_with("/infer") || rest.ends_with("/generate") || rest.ends_with("/generate_stream");
  if (writes ? method != Method::Post : !is_get(method)) return {Api::NoSuchMethod, {}, {}};
  return {Api::Passed, model.substr(1), path};
}

ApiRoute of_gateway(Method method, std::string_view path) {
  const auto get_only = [&](Api api, std::string_view model = {}) {
    return is_get(method) ? ApiRoute{api, model, path} : ApiRoute{Api::NoSuchMethod, {}, {}};
  };
  if (path == "/v1/models") return get_only(Api::ListModels);
  if (path.starts_with("/v1/models/") && path.size() > 11)
    return get_only(Api::GetModel, path.substr(11));
  if (std::ranges::find(kInference, path) != kInference.end())
    return method == Method::Post ? ApiRoute{Api::Inference, {}, path}
                                  : ApiRoute{Api::NoSuchMethod, {}, {}};
  if (path == "/v2/health/live") return get_only(Api::Live);
  if (path == "/v2/health/ready") return get_only(Api::Ready);
  if (path.starts_with("/v2/models/")) return open_inference(method, path, path.substr(10));
  return {};
}

}  // namespace

std::string_view without_escaped_slashes(std::string_view path, std::string& plain) {
  if (!path.starts_with("/v1/models/") || path.find('%') == std::string_view::npos) return path;
  plain.clear();
  for (std::size_t at = 0; at < path.size(); ++at) {
    const std::string_view three = path.substr(at, 3);
    const bool slash = three == "%2F" || three == "%2f";
    plain += slash ? '/' : path[at];
    if (slash) at += 2;
  }
  return plain;
}

ApiRoute api_route(Method method, std::string_view path) {
  ApiRoute route = of_gateway(method, path);
  if (route.api != Api::NoSuchPath) return route;
  const std::string_view prefix = segments(path, 2);
  if (prefix.empty() || prefix.size() == path.size()) return {};
  const ApiRoute inner = of_gateway(method, path.substr(prefix.size()));
  // What lists or names models itself makes no sense behind the name of one.
  if (inner.api != Api::Inference && inner.api != Api::NoSuchMethod) return {};
  return {inner.api, prefix.substr(1), inner.path};
}

}  // namespace slipway::gateway

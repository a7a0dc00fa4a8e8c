#include "gateway/routing/decide.hpp"

#include <fmt/format.h>

#include <span>

namespace slipway::gateway {
namespace {

constexpr std::size_t kNamesShown = 20;

std::string day_of(Time time) {
  return to_rfc3339(time).substr(0, 10);
}

ApiError key_error(std::string message) {
  return {401, std::move(message), "invalid_api_key"};
}

ApiError no_model(const Snapshot& snapshot, const CompiledTenant* tenant, std::string_view name) {
  const auto names = snapshot.callable(tenant, kNamesShown + 1);
  const bool more = names.size() > kNamesShown;
  const auto shown = std::span(names).first(more ? kNamesShown : names.size());
  const std::string_view quoted = name.substr(0, 128);
  if (names.empty())
    return {
        404,
        fmt::format("no model \"{}\"; {}", quoted,
                    tenant == nullptr ? "without a key none may be used" : "this key may use none"),
        "model_not_found", "model"};
  return {404,
          fmt::format("no model \"{}\"; {} may use: {}{}", quoted,
                      tenant == nullptr ? "callers without a key" : "this key",
                      fmt::join(shown, ", "), more ? ", ..." : ""),
          "model_not_found", "model"};
}

}  // namespace

tl::expected<const CompiledTenant*, ApiError> authenticate(const Snapshot& snapshot,
                                                           const Caller& caller) {
  const std::string ending = caller.check.verdict == KeyVerdict::Good ? "" : ending_of(caller.key);
  switch (caller.check.verdict) {
    case KeyVerdict::Good:
      return &snapshot.tenants[caller.check.key->tenant];
    case KeyVerdict::Missing:
    case KeyVerdict::Malformed:
      return nullptr;
    case KeyVerdict::Wrong:
      return tl::unexpected(key_error(fmt::format("the key that ends in {} is not known", ending)));
    case KeyVerdict::Expired:
      return tl::unexpected(key_error(fmt::format("the key that ends in {} expired on {}", ending,
                                                  day_of(caller.check.key->expires))));
    case KeyVerdict::Revoked:
      return tl::unexpected(key_error(fmt::format("the key that ends in {} was revoked", ending)));
  }
  return nullptr;
}

ApiError key_needed(std::string_view key) {
  if (!key.empty())
    return key_error(fmt::format("what ends in {} is no key of this gateway", ending_of(key)));
  return {401, "this needs a key: send it as \"Authorization: Bearer ...\"", "missing_api_key"};
}

tl::expected<Routed, ApiError> decide(const Snapshot& snapshot, const CompiledTenant* tenant,
                                      const ModelNames& names, std::string_view key) {
  Named named;
  std::string_view name;
  for (const std::string_view one : {names.path, names.header, names.body}) {
    if (one.empty()) continue;
    name = one;
    named = snapshot.find_model(one);
    break;
  }
  if (name.empty()) {
    named = snapshot.find_host(names.host);
    if (named.model == Named::kNone)
      return tl::unexpected(ApiError{400, "the request names no model", "missing_model", "model"});
  }
  if (named.model != Named::kNone && snapshot.may_call(tenant, named.model))
    return Routed{named.model, named.adapter, tenant};
  if (tenant == nullptr) return tl::unexpected(key_needed(key));
  return tl::unexpected(no_model(snapshot, tenant, name));
}

}  // namespace slipway::gateway

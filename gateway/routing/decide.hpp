// Who may call which model: the answer to a request as far as the configuration gives it. Pure.
#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "gateway/api/openai_error.hpp"
#include "gateway/auth/api_key.hpp"
#include "gateway/config/snapshot.hpp"

namespace slipway::gateway {

// The model as a request names it; the first that is not empty counts, in this order.
struct ModelNames {
  std::string_view path{};    // /NAMESPACE/NAME/v1/..., /v2/models/NAME/...
  std::string_view header{};  // x-slipway-model
  std::string_view body{};    // `model`
  std::string_view host{};    // the Host field, where a model has that host
};

struct Caller {
  KeyCheck check;
  std::string_view key;  // as it was sent; only its end is ever shown
};

struct Routed {
  std::uint32_t model = 0;                 // index into the snapshot's models
  std::string_view adapter;                // points into the name that was asked for
  const CompiledTenant* tenant = nullptr;  // nullptr: without a key, to a public model
};

// The tenant of a caller; nullptr for one without a key. A key that is not good is refused, also
// where none would be needed: its owner wants to know. What is no key of ours counts as none:
// clients of public models have to send something.
tl::expected<const CompiledTenant*, ApiError> authenticate(const Snapshot& snapshot,
                                                           const Caller& caller);

// The answer to a caller without a tenant who needs one; `key` is what was sent as a key.
ApiError key_needed(std::string_view key);

// A model that the caller may not call is answered like one that does not exist. `key`: what was
// sent as a key, for the complaint of a caller that has no tenant.
tl::expected<Routed, ApiError> decide(const Snapshot& snapshot, const CompiledTenant* tenant,
                                      const ModelNames& names, std::string_view key = {});

}  // namespace slipway::gateway

// What requests are served from: a configuration, compiled into tables that are never changed.
// Each reactor holds one and swaps it whole, so reading takes no lock. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "crds/base/result.hpp"
#include "crds/base/time.hpp"
#include "gateway/config/gateway_config.hpp"

namespace slipway::gateway {

using Mac = std::array<unsigned char, 32>;

struct CompiledKey {
  std::uint32_t tenant = 0;  // index into `tenants`
  Mac mac{};
  Time expires = Time::max();
  bool revoked = false;
};

struct CompiledTenant {
  std::string name;
  std::vector<bool> may_call;  // by index of the model
  LimitConfig limits;
};

struct CompiledRevision {
  std::string name;
  std::uint32_t weight = 0;
  std::vector<std::string> endpoints;  // "10.0.0.7:8080", sorted
  std::uint32_t slots = 0;             // of each endpoint; 0: no bound
};

struct CompiledModel {
  std::string name;
  std::string alias;  // empty where it has none, or where an earlier model has it
  std::vector<std::string> adapters;
  std::vector<CompiledRevision> revisions;
  bool open = false;
};

// What a caller's name for a model means.
struct Named {
  static constexpr std::uint32_t kNone = ~0u;
  std::uint32_t model = kNone;  // index into `models`
  std::string_view adapter;     // empty: the model itself; points into the name that was asked for
};

class Snapshot {
 public:
  std::vector<CompiledTenant> tenants;
  std::vector<CompiledModel> models;  // sorted by name
  Timeouts timeouts;

  // By `namespace/name`, alias, or either with `:adapter`.
  Named find_model(std::string_view name) const;
  // By the Host field, whose port is ignored.
  Named find_host(std::string_view host) const;
  // nullptr: there is no such key.
  const CompiledKey* find_key(std::string_view id) const;
  // The names, at most `most` of them, that this tenant may call; all open ones for nullptr.
  std::vector<std::string_view> callable(const CompiledTenant* tenant, std::size_t most) const;
  // Whether a caller without a key can call anything.
  bool has_open_model() const { return has_open_model_; }
  bool may_call(const CompiledTenant* tenant, std::uint32_t model) const;

 private:
  friend struct SnapshotBuilder;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  template <class Value>
  using Table = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  Table<std::uint32_t> names_, hosts_;
  Table<CompiledKey> keys_;
  bool has_open_model_ = false;
};

struct Compiled {
  std::shared_ptr<const Snapshot> snapshot;
  std::vector<std::string> warnings;  // what was left out, and why
};

// Refuses a configuration with a complaint about every field that is wrong. What is right by itself
// but clashes with something earlier (an alias, a host) is left out with a warning.
Result<Compiled> compile(const GatewayConfig& config);

// From YAML or JSON, with a complaint about unknown fields as well.
Result<GatewayConfig> parse_config(std::string_view text);

}  // namespace slipway::gateway

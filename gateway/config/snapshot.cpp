#include "gateway/config/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "crds/base/yaml.hpp"
#include "crds/types/validate.hpp"

namespace slipway::gateway {
namespace {

Mac mac_of(const std::string& hex) {
  Mac mac{};
  for (std::size_t i = 0; i < mac.size() && 2 * i + 2 <= hex.size(); ++i)
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, mac[i], 16);
  return mac;
}

// "10.0.0.7:8080" or "[fd00::1]:8080": a port in range behind something.
bool is_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view port = text.substr(colon + 1);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  return error == std::errc() && end == port.data() + port.size() && value > 0 && value < 65536;
}

tl::unexpected<Error> complain(const std::vector<std::string>& complaints) {
  return fail(Fault::Invalid, fmt::format("{}", fmt::join(complaints, "; ")));
}

// What the description of the fields cannot say.
std::vector<std::string> further_complaints(const GatewayConfig& config) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const Listener& one = config.listeners[i];
    if (!is_address(one.address))
      out.push_back(
          fmt::format("listeners[{}].address: \"{}\" is no address with a port", i, one.address));
    if (one.certificate_file.empty() != one.key_file.empty())
      out.push_back(fmt::format("listeners[{}]: certificateFile and keyFile go together", i));
  }
  bool keys = false;
  for (const Tenant& tenant : config.tenants) {
    for (const KeyRecord& key : tenant.keys) {
      keys = true;
      if (!key.expires.empty() && !parse_rfc3339(key.expires))
        out.push_back(fmt::format("tenants[{}].keys[{}].expires: \"{}\" is no time of RFC 3339",
                                  tenant.name, key.id, key.expires));
    }
  }
  if (keys && config.pepper_file.empty()) out.emplace_back("pepperFile: required where keys are");
  for (const ModelRoute& model : config.models)
    for (const Revision& revision : model.revisions)
      for (const std::string& endpoint : revision.endpoints)
        if (!is_address(endpoint))
          out.push_back(
              fmt::format("models[{}].revisions[{}].endpoints: \"{}\" is no address "
                          "with a port",
                          model.name, revision.name, endpoint));
  return out;
}

}  // namespace

struct SnapshotBuilder {
  const GatewayConfig& config;
  Snapshot out{};
  std::vector<std::string> warnings{};

  void add_models() {
    std::vector<const ModelRoute*> sorted;
    for (const ModelRoute& model : config.models) sorted.push_back(&model);
    std::ranges::sort(sorted, {}, [](const ModelRoute* model) { return model->name; });
    for (const ModelRoute* model : sorted) {
      out.names_.emplace(model->name, static_cast<std::uint32_t>(out.models.size()));
      out.models.push_back({model->name, "", model->adapters, {}, model->open});
      out.has_open_model_ |= model->open;
      for (const Revision& revision : model->revisions) {
        auto endpoints = revision.endpoints;
        std::ranges::sort(endpoints);
        endpoints.erase(std::ranges::unique(endpoints).begin(), endpoints.end());
        out.models.back().revisions.push_back(
            {revision.name, static_cast<std::uint32_t>(revision.weight), std::move(endpoints),
             static_cast<std::uint32_t>(revision.slots.value_or(0))});
      }
    }
  }

  // In the order of the configuration: of two that clash, the earlier one keeps it.
  void add_short_names() {
    for (const ModelRoute& model : config.models) {
      const std::uint32_t index = out.names_.at(model.name);
      if (!model.alias.empty()) {
        if (const auto [at, fresh] = out.names_.emplace(model.alias, index); fresh)
          out.models[index].alias = model.alias;
        else
          warnings.push_back(fmt::format("models[{}].alias: \"{}\" is already that of {}",
                                         model.name, model.alias, out.models[at->second].name));
      }
      if (model.host.empty()) continue;
      if (const auto [at, fresh] = out.hosts_.emplace(model.host, index); !fresh)
        warnings.push_back(fmt::format("models[{}].host: \"{}\" is already that of {}", model.name,
                                       model.host, out.models[at->second].name));
    }
  }

  void add_tenants() {
    for (const Tenant& tenant : config.tenants) {
      const auto index = static_cast<std::uint32_t>(out.tenants.size());
      out.tenants.push_back({tenant.name, allowed(tenant), tenant.limits.value_or(LimitConfig{})});
      for (const KeyRecord& key : tenant.keys) {
        const Time expires =
            key.expires.empty() ? Time::max() : parse_rfc3339(key.expires).value_or(Time::min());
        if (!out.keys_.emplace(key.id, CompiledKey{index, mac_of(key.mac), expires, key.revoked})
                 .second)
          warnings.push_back(fmt::format(
              "tenants[{}].keys[{}]: another tenant has a key of this id", tenant.name, key.id));
      }
    }
  }

  std::vector<bool> allowed(const Tenant& tenant) const {
    std::vector<bool> may(out.models.size());
    for (const std::string& pattern : tenant.models) {
      if (!pattern.ends_with("/*")) {
        if (const auto at = out.names_.find(pattern); at != out.names_.end())
          may[at->second] = true;
        continue;
      }
      const std::string prefix = pattern.substr(0, pattern.size() - 1);
      auto at = std::ranges::lower_bound(out.models, prefix, {}, &CompiledModel::name);
      for (; at != out.models.end() && at->name.starts_with(prefix); ++at)
        may[static_cast<std::size_t>(at - out.models.begin())] = true;
    }
    return may;
  }
};

Named Snapshot::find_model(std::string_view name) const {
  std::string_view adapter;
  if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
    adapter = name.substr(colon + 1);
    name = name.substr(0, colon);
    if (adapter.empty()) return {};
  }
  const auto at = names_.find(name);
  if (at == names_.end()) return {};
  if (!adapter.empty()) {
    const auto& known = models[at->second].adapters;
    if (std::ranges::find(known, adapter) == known.end()) return {};
  }
  return {at->second, adapter};
}

Named Snapshot::find_host(std::string_view host) const {
  if (hosts_.empty()) return {};
  std::string name(host.substr(0, host.find(':')));
  for (char& c : name)  // names of hosts are compared without case
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto at = hosts_.find(name);
  return at == hosts_.end() ? Named{} : Named{at->second, {}};
}

const CompiledKey* Snapshot::find_key(std::string_view id) const {
  const auto at = keys_.find(id);
  return at == keys_.end() ? nullptr : &at->second;
}

bool Snapshot::may_call(const CompiledTenant* tenant, std::uint32_t model) const {
  return models[model].open || (tenant != nullptr && tenant->may_call[model]);
}

std::vector<std::string_view> Snapshot::callable(const CompiledTenant* tenant,
                                                 std::size_t most) const {
  std::vector<std::string_view> out;
  for (std::uint32_t i = 0; i < models.size() && out.size() < most; ++i)
    if (may_call(tenant, i)) out.push_back(models[i].name);
  return out;
}

Result<Compiled> compile(const GatewayConfig& config) {
  std::vector<std::string> complaints = complaints_about(config);
  if (!complaints.empty()) return complain(complaints);
  complaints = further_complaints(config);
  if (!complaints.empty()) return complain(complaints);
  SnapshotBuilder builder{config};
  builder.add_models();
  builder.add_short_names();
  builder.add_tenants();
  builder.out.timeouts = config.timeouts.value_or(Timeouts{});
  return Compiled{std::make_shared<const Snapshot>(std::move(builder.out)),
                  std::move(builder.warnings)};
}

Result<GatewayConfig> parse_config(std::string_view text) {
  const auto documents = parse_yaml(text);
  if (!documents) return tl::unexpected<Error>(documents.error());
  if (documents->size() != 1)
    return fail(Fault::Malformed,
                fmt::format("{} documents where one is expected", documents->size()));
  if (const auto unknown = unknown_fields<GatewayConfig>(documents->front()); !unknown.empty())
    return complain(unknown);
  // What is not UTF-8 is complained about by the field's pattern.
  return decode<GatewayConfig>(
      documents->front().dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace slipway::gateway

#include "controller/runtime/lease_calls.hpp"

#include <chrono>
#include <utility>

#include "crds/base/check.hpp"

namespace slipway {
namespace {

constexpr const char* kLeaseApi = "coordination.k8s.io/v1";
constexpr const char* kLeaseManager = "slipway-lease";

kube::Resource lease_resource() {
  const kube::Resource* resource = kube::find_resource(kLeaseApi, "Lease");
  SLIPWAY_CHECK(resource, "leases are a known resource");
  return *resource;
}

Result<LeaseRecord> parse_lease(std::string_view body) {
  const Json object = Json::parse(body, nullptr, false);
  if (!object.is_object()) return fail(Fault::Malformed, "the lease is not a JSON object");
  return read_lease(object);
}

Result<std::optional<LeaseRecord>> stored(const Result<kube::ApplyAnswer>& answer) {
  if (!answer) return tl::unexpected(answer.error());
  auto record = parse_lease(answer->body);
  if (!record) return tl::unexpected(std::move(record.error()));
  return *std::move(record);
}

}  // namespace

LeaseCalls::LeaseCalls(std::string ns, std::string name, kube::ApiClient& client)
    : ns_(std::move(ns)), name_(std::move(name)), client_(client), resource_(lease_resource()) {}

kube::WatchTarget LeaseCalls::target() const {
  return {resource_, ns_, "", name_};
}

Json LeaseCalls::object_of(const LeaseRecord& record, Time now) const {
  Json object{{"apiVersion", kLeaseApi},
              {"kind", "Lease"},
              {"metadata", {{"name", name_}, {"namespace", ns_}}},
              {"spec",
               {{"holderIdentity", record.holder},
                {"leaseDurationSeconds",
                 std::chrono::duration_cast<std::chrono::seconds>(record.duration).count()},
                {"leaseTransitions", record.transitions},
                {"renewTime", to_rfc3339_micro(now)}}}};
  if (!record.acquired.empty()) object["spec"]["acquireTime"] = record.acquired;
  // With the uid, or an apply would make a deleted Lease anew.
  if (!record.uid.empty()) object["metadata"]["uid"] = record.uid;
  if (!record.version.empty()) object["metadata"]["resourceVersion"] = record.version;
  return object;
}

Result<std::optional<LeaseRecord>> LeaseCalls::carry_out(const LeaseCall& call, Time now) const {
  if (const auto* create = std::get_if<CreateLease>(&call))
    return stored(client_.create({resource_, ns_, object_of(create->record, now)}));
  if (const auto* update = std::get_if<UpdateLease>(&call))
    return stored(client_.apply(
        {resource_, ns_, name_, object_of(update->record, now), kLeaseManager, true}));
  const auto found = client_.get({resource_, ns_, name_});
  if (!found && found.error().fault == Fault::NotFound) return std::optional<LeaseRecord>();
  return stored(found);
}

Result<std::optional<LeaseSight>> LeaseSights::of(const kube::WatchEvent& event) {
  if (std::holds_alternative<kube::SetBegin>(event)) {
    seen_in_set_ = false;
    return std::nullopt;
  }
  if (const auto* end = std::get_if<kube::SetEnd>(&event)) {
    if (seen_in_set_) return std::nullopt;
    return LeaseSight{std::nullopt, end->version};
  }
  const auto& seen = std::get<kube::Seen>(event);
  auto record = parse_lease(seen.object);
  if (!record) return tl::unexpected(std::move(record.error()));
  seen_in_set_ = true;
  std::string as_of = record->version;
  if (seen.change == kube::Change::Deleted) return LeaseSight{std::nullopt, std::move(as_of)};
  return LeaseSight{*std::move(record), std::move(as_of)};
}

}  // namespace slipway

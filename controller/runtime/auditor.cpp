#include "controller/runtime/auditor.hpp"

#include <algorithm>

#include "controller/kube/status.hpp"

namespace slipway {
namespace {

constexpr Duration kPageTimeout = std::chrono::seconds(15);

kube::ListedObject listed(const ObjectMeta& metadata) {
  return {metadata.namespace_, metadata.name, metadata.uid, metadata.resource_version};
}

class HeldInCache : public HeldObjects {
 public:
  HeldInCache(const Cache& cache, Watched kind) : cache_(cache), kind_(kind) {
    const kube::Resource& resource = target_of(kind).resource;
    ref_.api_version = resource.api_version();
    ref_.kind = resource.kind;
  }

  std::optional<kube::ListedObject> find(const std::string& ns,
                                         const std::string& name) const override {
    ObjectRef ref = ref_;
    ref.namespace_ = ns;
    ref.name = name;
    const auto live = cache_.find(ref);
    if (!live) return std::nullopt;
    return listed(*live->metadata);
  }

  void each(const std::function<void(const kube::ListedObject&)>& see) const override {
    cache_.each(kind_, [&](const ObjectMeta& metadata) { see(listed(metadata)); });
  }

 private:
  const Cache& cache_;
  const Watched kind_;
  ObjectRef ref_;
};

Result<kube::MetadataPage> fetch(kube::Transport& transport, std::string target) {
  kube::HttpRequest request;
  request.target = std::move(target);
  request.accept = kube::kMetadataListType;
  request.repeatable = true;
  auto response = kube::checked(transport.send(request, kPageTimeout));
  if (!response) return tl::unexpected(std::move(response).error());
  return kube::read_metadata_page(std::move(response->body));
}

}  // namespace

Auditor::Auditor(const Cache& cache, kube::Transport& transport, Duration period, Duration now,
                 AuditedWatches watches)
    : cache_(cache),
      transport_(transport),
      watches_(std::move(watches)),
      random_(std::random_device{}()) {
  // The first in the second half of the first period: a start has enough to do.
  const Duration share = period / 2 / kAllWatched.size();
  Duration due = now + period / 2;
  for (const Watched kind : kAllWatched) {
    due += share;
    // Of nodes only those that offer devices are held. One that is missed shows itself within five
    // minutes: a kubelet reports its status that often.
    machines_.emplace_back(target_of(kind), kind != Watched::Node, period,
                           due - std::chrono::floor<Duration>(random() * share));
  }
  due_ = soonest();
}

Duration::rep Auditor::soonest() const {
  return std::ranges::min_element(machines_, {}, &AuditMachine::next_due)->next_due().count();
}

bool Auditor::step(Duration now) {
  if (now.count() < due_ || busy_.exchange(true)) return false;
  const bool did = look(now);
  due_ = soonest();
  busy_ = false;
  return did;
}

std::optional<Duration> Auditor::next_due() const {
  if (busy_) return std::nullopt;
  return Duration(due_.load());
}

bool Auditor::look(Duration now) {
  for (const Watched kind : kAllWatched) {
    AuditMachine& machine = machines_[index_of(kind)];
    if (now < machine.next_due()) continue;
    const AuditInput input{now, watches_.told(kind), random()};
    const auto target = machine.next(input);
    if (!target) continue;
    const auto finding =
        machine.answered(fetch(transport_, *target), HeldInCache(cache_, kind), input);
    if (finding) watches_.found(kind, *finding);
    return true;
  }
  return false;
}

}  // namespace slipway

#include "controller/sim/knowledge.hpp"

#include <algorithm>

#include "controller/cache/version.hpp"
#include "controller/sim/texts.hpp"
#include "reconcilers/common/names.hpp"

namespace slipway::sim {
namespace {

int ready_pods(const auto& told, const std::string& service, const std::string& revision) {
  return static_cast<int>(std::ranges::count_if(told, [&](const auto& object) {
    const auto& news = object.second;
    return news.ready && news.revision == revision && news.service == service;
  }));
}

}  // namespace

void Knowledge::before_decision() {
  if (!std::exchange(changed_, false)) return;
  told_at_decision_ = told_;
  standing_at_decision_ = standing_;
}

bool Knowledge::stood(const std::string& service, const std::string& revision) const {
  return standing_at_decision_.contains({service, revision});
}

int Knowledge::ready_at_decision(const std::string& service, const std::string& revision) const {
  return ready_pods(told_at_decision_, service, revision);
}

int Knowledge::ready_now(const std::string& service, const std::string& revision) const {
  return ready_pods(told_, service, revision);
}

std::optional<int> Knowledge::wanted_at_decision(const std::string& service,
                                                 const std::string& revision) const {
  std::optional<int> fewest;
  for (const auto& [name, news] : told_at_decision_) {
    if (news.service == service && news.revision == revision && news.replicas)
      fewest = std::min(fewest.value_or(*news.replicas), *news.replicas);
  }
  return fewest;
}

void Knowledge::on_made(const std::string& service, const std::string& revision) {
  changed_ = true;
  standing_.emplace(service, revision);
}

void Knowledge::on_removed(const kube::RemoveRequest& request) {
  const auto known = told_.find(request.resource.kind + " " + request.ns + "/" + request.name);
  if (request.resource.kind != "Deployment" || known == told_.end()) return;
  changed_ = true;
  standing_.erase({known->second.service, known->second.revision});
  removed_uids_.insert(request.uid);
}

void Knowledge::end_set(const std::string& prefix) {
  std::erase_if(told_, [&](const auto& known) {
    const bool gone = known.first.starts_with(prefix) && !seen_in_set_.contains(known.first);
    if (gone && known.second.replicas)
      standing_.erase({known.second.service, known.second.revision});
    return gone;
  });
}

void Knowledge::learn(Watched kind, const Json& object) {
  News news;
  news.service = service_of(object);
  news.revision = text_at(object, {"metadata", "labels", kRevisionLabel});
  news.version = parse_version(text_at(object, {"metadata", "resourceVersion"}));
  news.ready = kind == Watched::Pod && !object["metadata"].contains("deletionTimestamp") &&
               text_at(object, {"status", "conditions", "[type=\"Ready\"]", "status"}) == "True";
  if (kind == Watched::Deployment) {
    news.replicas = object["spec"].value("replicas", 1);
    if (!removed_uids_.contains(text_at(object, {"metadata", "uid"})))
      standing_.emplace(news.service, news.revision);
  }
  News& known = told_[title(object)];
  if (news.version >= known.version) known = std::move(news);
}

void Knowledge::on_watch_event(Watched kind, const kube::WatchEvent& event) {
  if (kind != Watched::Pod && kind != Watched::Deployment) return;
  changed_ = true;
  const std::string prefix = kind == Watched::Pod ? "Pod " : "Deployment ";
  if (std::holds_alternative<kube::SetBegin>(event)) {
    std::erase_if(seen_in_set_, [&](const auto& name) { return name.starts_with(prefix); });
    return;
  }
  if (std::holds_alternative<kube::SetEnd>(event)) return end_set(prefix);
  const auto& seen = std::get<kube::Seen>(event);
  const Json object = Json::parse(seen.object);
  const std::string name = title(object);
  seen_in_set_.insert(name);
  if (seen.change != kube::Change::Deleted) return learn(kind, object);
  if (kind == Watched::Deployment)
    standing_.erase({service_of(object), text_at(object, {"metadata", "labels", kRevisionLabel})});
  told_.erase(name);
}

}  // namespace slipway::sim

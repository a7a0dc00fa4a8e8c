#include "reconcilers/testing/plan_rules.hpp"

#include <algorithm>
#include <cstdio>
#include <set>

#include "crds/base/check.hpp"
#include "crds/types/decode.hpp"
#include "crds/types/encode.hpp"
#include "crds/types/k8s/projection.hpp"
#include "crds/types/quantity.hpp"
#include "reconcilers/common/conditions.hpp"
#include "reconcilers/common/names.hpp"
#include "reconcilers/common/owners.hpp"
#include "reconcilers/common/text.hpp"
#include "reconcilers/testing/limits.hpp"

namespace slipway::testing {
namespace {

// etcd takes no larger object (1.5 MiB), and a status is written often.
constexpr std::size_t kMaxObject = std::size_t{3} << 19;
constexpr std::size_t kMaxStatus = std::size_t{256} << 10;

bool is_lower_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_alphanumeric(char c) {
  return is_lower_alphanumeric(c) || (c >= 'A' && c <= 'Z');
}

// RFC 1123; a Service's name begins with a letter (RFC 1035).
bool is_dns_label(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength && is_lower_alphanumeric(name.front()) &&
         is_lower_alphanumeric(name.back()) &&
         std::ranges::all_of(name, [](char c) { return is_lower_alphanumeric(c) || c == '-'; });
}

bool is_label_value(std::string_view value) {
  return value.empty() || (value.size() <= kMaxNameLength && is_alphanumeric(value.front()) &&
                           is_alphanumeric(value.back()) && std::ranges::all_of(value, [](char c) {
                             return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
                           }));
}

class Rules {
 public:
  Rules(const Key& key, const Snapshots& snapshots, bool within_schema)
      : key_(key), snapshots_(snapshots), within_schema_(within_schema) {
    if (key.kind == ReconcileKind::ModelVersion) {
      if (const auto owner = snapshots.model_version(key.namespace_, key.name))
        owner_ = owner->metadata;
    } else if (const auto owner = snapshots.inference_service(key.namespace_, key.name)) {
      owner_ = owner->metadata;
    }
  }

  std::vector<std::string> broken(const Plan& plan) {
    const bool gone = !owner_ || owner_->deletion_timestamp;
    if (gone && !(plan == Plan{})) complain("", "a plan for what is gone");
    if (gone) return complaints_;
    if (plan.revisit && *plan.revisit <= Duration{}) complain("", "a visit in the past");
    for (const Action& action : plan.actions) {
      what_ = describe(action);
      std::visit([&](const auto& one) { check(one); }, action);
    }
    return complaints_;
  }

 private:
  void complain(std::string_view place, std::string_view what) {
    complaints_.push_back(what_ + " " + std::string(place) + ": " + std::string(what));
  }
  void expect(bool holds, std::string_view place, std::string_view what) {
    if (!holds) complain(place, what);
  }

  void check(const Apply& apply) {
    const Json& object = apply.object;
    const Json& metadata = object.at("metadata");
    const std::string kind = object.at("kind");
    expect(key_.kind == ReconcileKind::InferenceService, "", "a version has no children");
    expect(is_dns_label(metadata.at("name").get<std::string>()), "name", "is no DNS label");
    expect(metadata.at("namespace") == owner_->namespace_, "namespace", "is another one");
    expect(object.dump().size() <= kMaxObject, "", "is larger than etcd takes");
    if (apply.manager == kScaleManager) return check_scale(object);
    expect(apply.manager == kFieldManager, "manager", "is unknown");
    const Json owners = Json::array({owner_reference(InferenceService::kKind, *owner_)});
    expect(metadata.at("ownerReferences") == owners, "ownerReferences", "are not our owner's");
    for (const auto& [label, value] : metadata.at("labels").items())
      expect(is_label_value(value.get<std::string>()), label, "is no label value");
    expect(metadata.at("labels").at(kServiceLabel) == bounded_name(owner_->name), kServiceLabel,
           "would not be found again");
    const Shape* shape = shape_of(kind);
    if (!shape) return complain("kind", "has no shape");
    if (const auto covered = covers(*shape, object); !covered) complain("", covered.error().what);
    if (kind == "Deployment") check_deployment(object);
    if (kind == "Service") check_service(object);
    if (kind == "HorizontalPodAutoscaler") check_autoscaler(object.at("spec"));
    if (kind == ModelVersion::kKind) check_limits<ModelVersionSpec>(object.at("spec"));
  }

  void check_scale(const Json& object) {
    const Json& spec = object.at("spec");
    expect(spec.size() == 1 && spec.at("replicas").get<int>() >= 1, "spec", "is more than a count");
    expect(object.at("metadata").size() == 2, "metadata", "is more than a name");
  }

  void check_service(const Json& object) {
    const std::string name = object.at("metadata").at("name");
    expect(!(name.front() >= '0' && name.front() <= '9'), "name", "begins with a digit");
    const Json& selector = object.at("spec").at("selector");
    expect(selector.size() == 2 && selector.at(kRevisionLabel) != "", "selector",
           "does not name one revision");
  }

  void check_autoscaler(const Json& spec) {
    const int least = spec.at("minReplicas"), most = spec.at("maxReplicas");
    expect(least >= 1 && least < most, "bounds", "leave nothing to decide");
    expect(is_dns_label(spec.at("scaleTargetRef").at("name").get<std::string>()), "scaleTargetRef",
           "is no DNS label");
  }

  void check_deployment(const Json& object) {
    const Json& spec = object.at("spec");
    const Json& pod = spec.at("template").at("spec");
    const Json& labels = spec.at("template").at("metadata").at("labels");
    for (const auto& [label, value] : spec.at("selector").at("matchLabels").items())
      expect(labels.contains(label) && labels.at(label) == value, label,
             "is selected, but is on no pod");
    std::set<std::string> volumes;
    for (const Json& volume : pod.at("volumes"))
      expect(volumes.insert(volume.at("name")).second || !within_schema_, "volumes", "repeat");
    for (const char* containers : {"initContainers", "containers"})
      for (const Json& container : pod.at(containers)) check_container(container, volumes);
  }

  void check_container(const Json& container, const std::set<std::string>& volumes) {
    for (const Json& mount : container.at("volumeMounts"))
      expect(volumes.contains(mount.at("name").get<std::string>()), "volumeMounts",
             "name no volume: " + mount.dump());
    std::set<std::string> names;
    for (const Json& variable : container.value("env", Json::array()))
      expect(names.insert(variable.at("name")).second || !within_schema_, "env", "repeats");
    const Json& resources = container.at("resources");
    if (!within_schema_ || !resources.contains("limits")) return;
    for (const auto& [name, limit] : resources.at("limits").items()) {
      const auto request = resources.at("requests").find(name);
      if (request == resources.at("requests").end()) continue;
      expect(*parse_milli(request->get<std::string>()) <= *parse_milli(limit.get<std::string>()),
             name, "is asked for beyond its limit: " + resources.dump());
    }
  }

  template <Described T>
  void check_limits(const Json& value) {
    const auto decoded = decode<T>(value.dump());
    if (!decoded) return complain("", decoded.error().what);
    if (!within_schema_) return;
    for (const std::string& broken : Limits::broken(*decoded)) complain("", broken);
  }

  void check(const Delete& removal) {
    expect(!removal.uid.empty(), "uid", "is missing");
    const bool ours = std::ranges::any_of(our_children(), [&](const ObjectMeta& child) {
      return child.uid == removal.uid && child.name == removal.ref.name &&
             child.namespace_ == removal.ref.namespace_;
    });
    expect(ours, "", "is not ours, or not there");
    const std::string service = bounded_name(owner_->name);
    for (const auto& live : snapshots_.services_of(owner_->namespace_, service)) {
      if (live->metadata.name != service || !is_owned_by(live->metadata, *owner_)) continue;
      const auto selected = live->spec.selector.find(kRevisionLabel);
      if (selected == live->spec.selector.end()) continue;
      for (const auto& one : snapshots_.deployments_of(owner_->namespace_, service)) {
        const auto label = one->metadata.labels.find(kRevisionLabel);
        const bool serves =
            label != one->metadata.labels.end() && label->second == selected->second;
        expect(!serves || one->metadata.uid != removal.uid, "", "serves");
      }
    }
  }

  std::vector<ObjectMeta> our_children() const {
    const std::string& ns = owner_->namespace_;
    const std::string service = bounded_name(owner_->name);
    std::vector<ObjectMeta> out;
    const auto take = [&](const auto& children) {
      for (const auto& child : children)
        if (is_owned_by(child->metadata, *owner_)) out.push_back(child->metadata);
    };
    take(snapshots_.deployments_of(ns, service));
    take(snapshots_.autoscalers_of(ns, service));
    take(snapshots_.disruption_budgets_of(ns, service));
    take(snapshots_.model_versions_of(ns, service));
    return out;
  }

  void check(const SetStatus& set) {
    expect(set.uid == owner_->uid && set.ref.name == owner_->name, "", "is another's");
    expect(set.status.dump().size() <= kMaxStatus, "", "is too long to be written often");
    if (key_.kind == ReconcileKind::ModelVersion)
      check_status<ModelVersionStatus>(set.status);
    else
      check_status<InferenceServiceStatus>(set.status);
  }

  template <class Status>
  void check_status(const Json& json) {
    check_limits<Status>(json);
    const auto status = decode<Status>(json.dump());
    if (!status) return;
    expect(encode(*status) == json, "", "does not survive being stored");
    expect(status->observed_generation == owner_->generation, "observedGeneration", "is another");
    for (const char* type : {"Ready", "Reconciling", "Stalled"}) {
      const Condition* condition = find_condition(status->conditions, type);
      if (!condition) {
        complain(type, "is missing");
        continue;
      }
      expect(condition->status == "True" || condition->status == "False", type, "is unknown");
      expect(is_reason(condition->reason), type, "has the reason \"" + condition->reason + "\"");
      expect(condition->observed_generation == owner_->generation, type,
             "is of another generation");
    }
  }

  void check(const Announce& told) {
    expect(told.uid == owner_->uid && told.about.name == owner_->name, "", "is about another");
    expect(is_reason(told.reason), "", "has no reason");
    expect(!told.message.empty(), "", "says nothing");
  }

  const Key& key_;
  const Snapshots& snapshots_;
  bool within_schema_;
  std::optional<ObjectMeta> owner_;
  std::string what_;
  std::vector<std::string> complaints_;
};

}  // namespace

std::vector<std::string> broken_rules(const Plan& plan, const Key& key, const Snapshots& snapshots,
                                      bool within_schema) {
  return Rules(key, snapshots, within_schema).broken(plan);
}

void expect_rules(const Plan& plan, const Key& key, const Snapshots& snapshots,
                  bool within_schema) {
  // Strict: bytes that are no UTF-8 must not have got into a plan.
  const std::string printed = to_json(plan).dump(1);
  const auto complaints = broken_rules(plan, key, snapshots, within_schema);
  if (complaints.empty()) return;
  std::fprintf(stderr, "%s\n", printed.c_str());
  for (const std::string& one : complaints) std::fprintf(stderr, "%s\n", one.c_str());
  SLIPWAY_CHECK(false, "every plan keeps the rules");
}

}  // namespace slipway::testing

#include "controller/sim/end_state.hpp"

#include <fmt/format.h>

#include <array>

#include "crds/types/fields.hpp"
#include "crds/types/k8s/projection.hpp"

namespace slipway::sim {
namespace {

struct Kind {
  const char* api_version;
  const char* kind;
};
constexpr std::array<Kind, 6> kCompared = {{{kApiVersion, "InferenceService"},
                                            {kApiVersion, "ModelVersion"},
                                            {"apps/v1", "Deployment"},
                                            {"v1", "Service"},
                                            {"autoscaling/v2", "HorizontalPodAutoscaler"},
                                            {"policy/v1", "PodDisruptionBudget"}}};

// Removes times; a generation becomes whether it is the current one.
Json timeless(const Json& value, const Json& generation) {
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& element : value) out.push_back(timeless(element, generation));
    return out;
  }
  if (!value.is_object()) return value;
  Json out = Json::object();
  for (const auto& [name, member] : value.items()) {
    if (name == "lastTransitionTime" || name == "uid") continue;
    out[name] =
        name == "observedGeneration" ? Json(member == generation) : timeless(member, generation);
  }
  return out;
}

Json comparable(const Json& object) {
  Json out = timeless(object, object.at("metadata").value("generation", Json()));
  for (const char* name : {"resourceVersion", "generation", "creationTimestamp"})
    erase_member(out["metadata"], name);
  // Which term wrote it last is not of the state.
  if (Json& notes = out["metadata"]["annotations"]; notes.is_object())
    erase_member(notes, kEpochAnnotation);
  if (out["metadata"]["annotations"].empty()) erase_member(out["metadata"], "annotations");
  const std::string kind = object.at("kind").get<std::string>();
  if (kind == "Service") {
    erase_member(out["spec"], "clusterIP");
    erase_member(out["spec"], "clusterIPs");
  }
  // What was verified once stays verified when its last user has gone.
  if (kind == "ModelVersion" &&
      object.value("status", Json::object()).value("usedBy", Json()).empty())
    erase_member(out, "status");
  return out;
}

std::string difference(const Json& got, const Json& wanted, const std::string& path) {
  if (got == wanted) return {};
  if (got.is_object() && wanted.is_object()) {
    for (const auto& [name, member] : got.items()) {
      const auto other = wanted.find(name);
      if (other == wanted.end())
        return fmt::format("{}.{} should not be there: {}", path, name, member.dump());
      if (std::string text = difference(member, *other, path + "." + name); !text.empty())
        return text;
    }
    for (const auto& [name, member] : wanted.items()) {
      if (!got.contains(name))
        return fmt::format("{}.{} is missing: {}", path, name, member.dump());
    }
    return {};  // only the order of members differs
  }
  if (got.is_array() && wanted.is_array() && got.size() == wanted.size()) {
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (std::string text = difference(got[i], wanted[i], fmt::format("{}[{}]", path, i));
          !text.empty())
        return text;
    }
    return {};
  }
  return fmt::format("{} is {}, should be {}", path, got.dump(), wanted.dump());
}

}  // namespace

Json end_state(const SimApiServer& server) {
  Json state = Json::object();
  for (const Kind& kind : kCompared) {
    for (const Json* object : server.list(kind.api_version, kind.kind)) {
      const Json& metadata = object->at("metadata");
      state[fmt::format("{} {}/{}", kind.kind, metadata.value("namespace", ""),
                        metadata.at("name").get<std::string>())] = comparable(*object);
    }
  }
  for (const Json* pod : server.list("v1", "Pod")) {
    const Json& metadata = pod->at("metadata");
    const Json* owner = find_at(*pod, {"metadata", "ownerReferences"});
    const std::string of =
        owner == nullptr ? "nobody" : owner->front().at("name").get<std::string>();
    const Json* ready = find_at(*pod, {"status", "conditions", "[type=\"Ready\"]", "status"});
    Json& count =
        state[fmt::format("Pods {}/{} {}", metadata.at("namespace").get<std::string>(), of,
                          ready != nullptr && *ready == "True" ? "ready" : "not ready")];
    count = count.is_null() ? 1 : count.get<int>() + 1;
  }
  return state;
}

std::string first_difference(const Json& got, const Json& wanted) {
  return difference(got, wanted, "");
}

}  // namespace slipway::sim

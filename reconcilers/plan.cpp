#include "reconcilers/plan.hpp"

namespace slipway {
namespace {

std::string describe(const ObjectRef& ref) {
  std::string text = ref.api_version + " " + ref.kind + " ";
  if (!ref.namespace_.empty()) text += ref.namespace_ + "/";
  return text + ref.name;
}

struct Describe {
  std::string operator()(const Apply& a) const { return "apply " + describe(ref_of(a.object)); }
  std::string operator()(const Delete& d) const { return "delete " + describe(d.ref); }
  std::string operator()(const SetStatus& s) const { return "set status of " + describe(s.ref); }
  std::string operator()(const Announce& a) const { return "announce " + a.reason; }
};

struct ToJson {
  Json operator()(const Apply& a) const {
    Json out{{"apply", a.object}};
    if (a.manager != kFieldManager) out["manager"] = a.manager;
    return out;
  }
  Json operator()(const Delete& d) const { return {{"delete", describe(d.ref)}, {"uid", d.uid}}; }
  Json operator()(const SetStatus& s) const {
    return {{"setStatus", describe(s.ref)}, {"status", s.status}};
  }
  Json operator()(const Announce& a) const {
    return {{"announce", a.reason}, {"warning", a.warning}, {"message", a.message}};
  }
};

}  // namespace

std::string describe(const Action& action) {
  return std::visit(Describe{}, action);
}

Json to_json(const Plan& plan) {
  Json actions = Json::array();
  for (const Action& action : plan.actions) actions.push_back(std::visit(ToJson{}, action));
  Json out{{"actions", std::move(actions)}};
  if (plan.revisit) out["revisitMs"] = plan.revisit->count();
  return out;
}

ObjectRef ref_of(const Json& object) {
  const Json& metadata = object.at("metadata");
  return {object.at("apiVersion").get<std::string>(), object.at("kind").get<std::string>(),
          metadata.value("namespace", ""), metadata.at("name").get<std::string>()};
}

}  // namespace slipway

#include "controller/sim/conformance/comparison.hpp"

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "controller/sim/conformance/lines.hpp"
#include "controller/sim/conformance/objects.hpp"
#include "controller/sim/field_paths.hpp"

namespace slipway::sim {
namespace {

constexpr const char* kNoUid = "00000000-0000-0000-0000-0000000000ff";
constexpr const char* kNoVersion = "1";

// The uids and versions that one server gave to the objects of a script, in their order.
class Identities {
 public:
  void note(const ObjectRef& ref, const Json& object) {
    note(seen_[ref].uids, object["metadata"].value("uid", ""));
    note(seen_[ref].versions, object["metadata"].value("resourceVersion", ""));
  }
  std::string uid(const ObjectRef& ref, Known which) {
    return choose(seen_[ref].uids, which, kNoUid);
  }
  std::string version(const ObjectRef& ref, Known which) {
    return choose(seen_[ref].versions, which, kNoVersion);
  }
  // How many it had: the same number on both servers, or one of them wrote where the other did not.
  std::string name_of(const ObjectRef& ref) {
    return "uid " + std::to_string(seen_[ref].uids.size()) + ", version " +
           std::to_string(seen_[ref].versions.size());
  }

 private:
  struct Seen {
    std::vector<std::string> uids, versions;
  };

  static void note(std::vector<std::string>& list, const std::string& value) {
    if (!value.empty() && (list.empty() || list.back() != value)) list.push_back(value);
  }
  static std::string choose(const std::vector<std::string>& list, Known which,
                            const char* otherwise) {
    if (which == Known::Nothing) return "";
    if (which == Known::Newest && !list.empty()) return list.back();
    if (which == Known::Older && list.size() > 1) return list[list.size() - 2];
    return otherwise;
  }

  std::map<ObjectRef, Seen> seen_;
};

// What both servers have to agree on. Left out is what only a real one keeps (owners of fields,
// grace periods), what depends on clocks and addresses, and the status of kinds that nobody reads.
Json essence(Json object) {
  Json& metadata = object["metadata"];
  for (const char* name : {"managedFields", "uid", "resourceVersion", "deletionGracePeriodSeconds"})
    erase_member(metadata, name);
  for (const char* name : {"creationTimestamp", "deletionTimestamp"}) {
    if (metadata.contains(name)) metadata[name] = "some time";
  }
  const std::string kind = object.value("kind", "");
  if (kind == "Service") {
    if (object["spec"].contains("clusterIP")) object["spec"]["clusterIP"] = "some address";
    if (object["spec"].contains("clusterIPs")) object["spec"]["clusterIPs"] = {"some address"};
  }
  const bool is_read = kind == "Deployment" || kind == "InferenceService" || kind == "ModelVersion";
  if (object.contains("status") && (!is_read || object["status"].empty()))
    erase_member(object, "status");
  return object;
}

// With sorted members: their order says nothing.
std::string sorted(const Json& object) {
  return nlohmann::json::parse(object.dump()).dump(2);
}

std::string fault_of(const Error& error) {
  return std::string("refused: ") + to_string(error.fault);
}

// One server, what it has said so far, and how its last answers read.
struct Side {
  ServerUnderTest& server;
  Identities ids;
  std::string why;  // the server's own words of its last refusal

  std::string perform(const Step& step);
  std::string state_of(const ObjectRef& ref);
  std::string history(const Script& script, const std::string& from);

 private:
  Json with_preconditions(const Step& step);
  template <class T>
  std::string say(const ObjectRef& ref, const Result<T>& answer);
};

Json Side::with_preconditions(const Step& step) {
  Json object = step.object;
  if (step.uid != Known::Nothing) object["metadata"]["uid"] = ids.uid(step.ref, step.uid);
  if (step.version != Known::Nothing)
    object["metadata"]["resourceVersion"] = ids.version(step.ref, step.version);
  return object;
}

template <class T>
std::string Side::say(const ObjectRef& ref, const Result<T>& answer) {
  if (!answer) {
    why = answer.error().what;
    return fault_of(answer.error());
  }
  Json object;
  if constexpr (std::is_same_v<T, kube::ApplyAnswer>) object = Json::parse(answer->body);
  if constexpr (std::is_same_v<T, Json>) object = *answer;
  if (!object.is_object()) return "done";
  ids.note(ref, object);
  return ids.name_of(ref) + "\n" + sorted(essence(object));
}

std::string Side::perform(const Step& step) {
  const ObjectRef& ref = step.ref;
  const kube::Resource& resource = resource_of(ref);
  const kube::ApplyRequest apply{resource,     ref.namespace_, ref.name, with_preconditions(step),
                                 step.manager, step.force};
  switch (step.verb) {
    case Verb::Create:
      return say(ref, server.create(step.manager, step.object));
    case Verb::Apply:
      return say(ref, server.api().apply(apply));
    case Verb::ApplyStatus:
      return say(ref, server.api().apply_status(apply));
    case Verb::Update:
      return say(ref, server.update(step.manager, ref, step.object, false));
    case Verb::UpdateStatus:
      return say(ref, server.update(step.manager, ref, step.object, true));
    case Verb::SetFinalizers:
      return say(ref,
                 server.api().patch_finalizers({resource, ref.namespace_, ref.name,
                                                ids.version(ref, step.version), step.finalizers}));
    case Verb::Delete:
      return say(ref,
                 server.api().remove({resource, ref.namespace_, ref.name, ids.uid(ref, step.uid),
                                      step.propagation, ids.version(ref, step.version)}));
  }
  return "";
}

std::string Side::state_of(const ObjectRef& ref) {
  return say(ref, server.api().get({resource_of(ref), ref.namespace_, ref.name}));
}

std::string Side::history(const Script& script, const std::string& from) {
  const auto events = server.events(script.watched, script.selector, from);
  if (!events) return why = events.error().what, fault_of(events.error());
  std::string text;
  for (const Json& event : *events) {
    text += event.value("type", "") + " " + sorted(essence(event["object"])) + "\n";
  }
  const auto listed = server.list(script.watched, script.selector);
  if (!listed) return why = listed.error().what, fault_of(listed.error());
  for (const Json& item : *listed) {
    // Items of a list of built-in kinds do not say their kind.
    text += "listed " + item["metadata"].value("name", "") + "\n";
  }
  return text;
}

// The object that everybody waits for at the end of a history.
Json mark_of(const Script& script) {
  Random random(0);
  Json object = object_like(script.watched, random);
  object["metadata"] = {
      {"name", script.watched.name}, {"namespace", script.ns}, {"labels", {{"tier", "a"}}}};
  return object;
}

std::string difference(const std::string& story, const std::string& what, const Side& simulated,
                       const std::string& said, const Side& real, const std::string& really) {
  return story + what + "\n--- simulated (" + simulated.why + ")\n" + said + "\n--- real (" +
         real.why + ")\n" + really + "\n";
}

}  // namespace

std::string compare(const Script& script, ServerUnderTest& simulated, ServerUnderTest& real) {
  std::array<Side, 2> sides{Side{simulated, {}, {}}, Side{real, {}, {}}};
  std::array<std::string, 2> from;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto begun = sides[i].server.begin(script.ns);
    if (!begun) return "no namespace: " + begun.error().what;
    from[i] = *begun;
  }
  std::string story;
  for (const Step& step : script.steps) {
    story += to_text(step) + "\n";
    const std::string said = sides[0].perform(step);
    const std::string really = sides[1].perform(step);
    if (said != really)
      return difference(story, "the answers differ", sides[0], said, sides[1], really);
    const std::string left = sides[0].state_of(step.ref);
    const std::string really_left = sides[1].state_of(step.ref);
    if (left != really_left)
      return difference(story, "what is stored differs", sides[0], left, sides[1], really_left);
  }
  for (Side& side : sides) {
    const auto marked = side.server.create("user", mark_of(script));
    if (!marked) return story + "no mark: " + marked.error().what;
  }
  const std::string said = sides[0].history(script, from[0]);
  const std::string really = sides[1].history(script, from[1]);
  if (said != really)
    return difference(story, "the histories differ, selector \"" + script.selector + "\"", sides[0],
                      said, sides[1], really);
  return "";
}

}  // namespace slipway::sim

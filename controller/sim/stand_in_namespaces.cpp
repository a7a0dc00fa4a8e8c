// The namespace controller: it empties what is being terminated, and then that is gone.
#include <fmt/format.h>

#include "controller/sim/stand_ins.hpp"

namespace slipway::sim {
namespace {

const char* const kActor = "namespace-controller";

bool deleting(const Json& object) {
  return object.at("metadata").contains("deletionTimestamp");
}

}  // namespace

std::string StandIns::namespace_step() {
  for (const Json* home : server_.list("v1", "Namespace")) {
    if (!deleting(*home)) continue;
    const ObjectRef ref = ref_of(*home);
    const std::vector<ObjectRef> contents = server_.contents(ref.name);
    if (contents.empty()) {
      server_.remove_now(kActor, ref);
      return "namespace " + ref.name + " is gone";
    }
    std::vector<ObjectRef> left;
    for (const ObjectRef& one : contents) {
      if (!deleting(*server_.find(one)) && one.kind != spared_) left.push_back(one);
    }
    if (left.empty()) continue;
    const ObjectRef victim = random_.pick(left);
    (void)server_.remove_as(kActor, victim);
    return fmt::format("namespace controller deletes {} {}/{}", victim.kind, ref.name, victim.name);
  }
  return {};
}

}  // namespace slipway::sim

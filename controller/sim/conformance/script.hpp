// What is asked of the simulated API server and of a real one, to compare their answers: sequences
// of requests over few objects, made from a seed. Values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "controller/kube/api_client.hpp"
#include "crds/base/json.hpp"
#include "reconcilers/plan.hpp"

namespace slipway::sim {

enum class Verb { Create, Apply, ApplyStatus, Update, UpdateStatus, SetFinalizers, Delete };

// Which of the uids or versions that a name has had a request insists on.
enum class Known { Nothing, Newest, Older, Wrong };

struct Step {
  Verb verb = Verb::Apply;
  ObjectRef ref;
  std::string manager;
  bool force = true;
  // The whole object; of an update: members to be set, by JSON pointer, null to be removed.
  Json object;
  Known uid = Known::Nothing;
  Known version = Known::Nothing;
  kube::Propagation propagation = kube::Propagation::Background;
  std::vector<std::string> finalizers;
};

struct Script {
  std::string ns;
  std::vector<Step> steps;
  // In the end the history of one kind is watched, with a selector or without, and it is listed.
  ObjectRef watched;  // its name is that of the object that marks the end of the history
  std::string selector;
};

// The same for the same seed. `run` makes the namespace's name another one than in earlier runs.
Script script_of(std::uint64_t seed, const std::string& run);

std::string to_text(const Step& step);

}  // namespace slipway::sim

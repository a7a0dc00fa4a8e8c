// Scheduler and kubelet: a pod is placed, its model is fetched, its engine loads and answers.
#include <fmt/format.h>

#include <algorithm>

#include "controller/sim/stand_ins.hpp"

namespace slipway::sim {
namespace {

const char* const kScheduler = "kube-scheduler";
const char* const kKubelet = "kubelet";

const std::string kGood(64, 'a');
const std::string kOther(64, 'b');

// The extended resource that the pod asks for, and how many of it; empty for none.
std::pair<std::string, int> device_request(const Json& pod) {
  for (const Json& container : pod.at("spec").at("containers")) {
    const Json* limits = find_at(container, {"resources", "limits"});
    if (limits == nullptr) continue;
    for (const auto& [name, quantity] : limits->items()) {
      if (!name.starts_with("nvidia.com/")) continue;
      return {name,
              quantity.is_string() ? std::stoi(quantity.get<std::string>()) : quantity.get<int>()};
    }
  }
  return {"", 0};
}

std::string argument(const Json& pod, const std::string& flag) {
  const Json* containers = find_at(pod, {"spec", "initContainers"});
  if (containers == nullptr) return {};
  for (const Json& container : *containers) {
    const auto args = container.find("args");
    if (args == container.end()) continue;
    for (const Json& arg : *args) {
      const std::string& text = arg.get_ref<const std::string&>();
      if (text.starts_with(flag)) return text.substr(flag.size());
    }
  }
  return {};
}

void set_condition(Json& status, const char* type, bool holds, const std::string& reason = "",
                   const std::string& message = "") {
  if (!status.contains("conditions")) status["conditions"] = Json::array();
  Json condition{{"type", type}, {"status", holds ? "True" : "False"}};
  if (!reason.empty()) condition["reason"] = reason;
  if (!message.empty()) condition["message"] = message;
  for (Json& existing : status["conditions"]) {
    if (existing.at("type") != type) continue;
    existing = condition;
    return;
  }
  status["conditions"].push_back(condition);
}

Json container_status(const Json& container, Json state, bool ready, int restarts) {
  return {{"name", container.at("name")},
          {"image", container.at("image")},
          {"ready", ready},
          {"restartCount", restarts},
          {"state", std::move(state)}};
}

Json running() {
  return {{"running", {{"startedAt", "2026-01-01T00:00:00Z"}}}};
}

Json terminated(int code, const Json& report) {
  return {{"terminated",
           {{"exitCode", code},
            {"reason", code == 0 ? "Completed" : "Error"},
            {"message", report.dump()}}}};
}

Json verified(const std::string& digest) {
  return {{"reason", "Verified"}, {"digest", digest.empty() ? "sha256:" + kGood : digest},
          {"sizeBytes", 1466400}, {"files", 1},
          {"format", "gguf"},     {"architecture", "llama"},
          {"parameters", 656320}, {"contextLength", 128}};
}

Json mismatch(const std::string& digest) {
  const std::string expected = digest.empty() ? "sha256:" + kGood : digest;
  return {{"reason", "DigestMismatch"},
          {"message",
           "model.gguf is not what was asked for: expected " + expected + ", got sha256:" + kOther},
          {"file", "model.gguf"},
          {"expected", expected},
          {"actual", "sha256:" + kOther}};
}

void set_ready(Json& status, bool ready) {
  set_condition(status, "ContainersReady", ready);
  set_condition(status, "Ready", ready);
}

}  // namespace

std::string StandIns::pod_step() {
  const std::vector<const Json*> all = server_.list("v1", "Pod");
  if (all.empty()) return {};
  const std::size_t start = random_.below(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (std::string done = sync_pod(*all[(start + i) % all.size()]); !done.empty()) return done;
  }
  return {};
}

std::string StandIns::sync_pod(const Json& pod) {
  const ObjectRef ref = ref_of(pod);
  if (pod.at("metadata").contains("deletionTimestamp")) {
    server_.remove_now(kKubelet, ref);
    return fmt::format("pod {} has stopped", ref.name);
  }
  return pod.at("spec").contains("nodeName") ? run_pod(pod, ref) : schedule(pod, ref);
}

int StandIns::free_devices(const Json& node, const std::string& resource) const {
  const Json* offered = find_at(node, {"status", "allocatable", resource});
  if (offered == nullptr) return 0;
  int left = std::stoi(offered->get<std::string>());
  for (const Json* pod : server_.list("v1", "Pod")) {
    if (pod->at("spec").value("nodeName", "") != node.at("metadata").at("name")) continue;
    const auto [taken, count] = device_request(*pod);
    if (taken == resource) left -= count;
  }
  return left;
}

std::string StandIns::schedule(const Json& pod, const ObjectRef& ref) {
  const auto [resource, count] = device_request(pod);
  const std::vector<const Json*> nodes = server_.list("v1", "Node");
  for (const Json* node : nodes) {
    if (!resource.empty() && free_devices(*node, resource) < count) continue;
    const Json name = node->at("metadata").at("name");
    (void)server_.edit_as(kScheduler, ref, [&](Json& next) { next["spec"]["nodeName"] = name; });
    (void)server_.edit_status_as(kScheduler, ref, [](Json& next) {
      next["status"]["phase"] = "Pending";
      set_condition(next["status"], "PodScheduled", true);
    });
    return fmt::format("pod {} is placed on {}", ref.name, name.get<std::string>());
  }
  const Json* scheduled = find_at(pod, {"status", "conditions", "[type=\"PodScheduled\"]"});
  if (scheduled != nullptr) return {};
  const std::string message = fmt::format("0/{} nodes are available: {} Insufficient {}.",
                                          nodes.size(), nodes.size(), resource);
  (void)server_.edit_status_as(kScheduler, ref, [&](Json& next) {
    next["status"]["phase"] = "Pending";
    set_condition(next["status"], "PodScheduled", false, "Unschedulable", message);
  });
  return fmt::format("pod {} fits no node", ref.name);
}

// One step of a placed pod: fetch, then load, then answer; or fail and start over.
std::string StandIns::run_pod(const Json& pod, const ObjectRef& ref) {
  static const Json none = Json::object();
  const auto known = pod.find("status");
  const Json& status = known == pod.end() ? none : *known;
  const Json& init = pod.at("spec").at("initContainers").front();
  const Json& engine = pod.at("spec").at("containers").front();
  const auto update = [&](const char* said, const SimApiServer::Edit& edit) {
    (void)server_.edit_status_as(kKubelet, ref, [&](Json& next) { edit(next["status"]); });
    return fmt::format("pod {} {}", ref.name, said);
  };
  const auto fetched = status.find("initContainerStatuses");
  if (fetched == status.end()) {
    return update("fetches its model", [&](Json& next) {
      next["initContainerStatuses"] = Json::array({container_status(init, running(), false, 0)});
      set_ready(next, false);
    });
  }
  const Json& fetch = fetched->front();
  const int tries = fetch.value("restartCount", 0);
  if (fetch.at("state").contains("waiting")) {
    if (tries >= kMaxRestarts) return {};
    return update("fetches again",
                  [&](Json& next) { next["initContainerStatuses"][0]["state"] = running(); });
  }
  if (fetch.at("state").contains("running")) {
    const std::string digest = argument(pod, "--digest=");
    if (argument(pod, "--uri=").find(kBrokenModel) != std::string::npos) {
      return update("refuses its model", [&](Json& next) {
        Json failed = container_status(init, {{"waiting", {{"reason", "CrashLoopBackOff"}}}}, false,
                                       tries + 1);
        failed["lastState"] = terminated(1, mismatch(digest));
        next["initContainerStatuses"] = Json::array({failed});
      });
    }
    return update("has its model", [&](Json& next) {
      next["initContainerStatuses"] =
          Json::array({container_status(init, terminated(0, verified(digest)), true, tries)});
      set_condition(next, "Initialized", true);
    });
  }
  const auto engines = status.find("containerStatuses");
  if (engines == status.end()) {
    return update("loads its model", [&](Json& next) {
      next["phase"] = "Running";
      next["containerStatuses"] = Json::array({container_status(engine, running(), false, 0)});
    });
  }
  const int restarts = engines->front().value("restartCount", 0);
  if (!engines->front().value("ready", false)) {
    return update("is ready", [&](Json& next) {
      next["containerStatuses"] =
          Json::array({container_status(engine, running(), true, restarts)});
      set_ready(next, true);
    });
  }
  if (!restless_ || restarts >= kMaxRestarts || !random_.chance(0.002)) return {};
  return update("loses its engine", [&](Json& next) {
    Json crashed = container_status(engine, running(), false, restarts + 1);
    crashed["lastState"] = terminated(
        1,
        {{"reason", "EngineExited"}, {"message", "engine exited 1: out of luck"}, {"exitCode", 1}});
    next["containerStatuses"] = Json::array({crashed});
    set_ready(next, false);
  });
}

}  // namespace slipway::sim

#include "reconcilers/inference_service/runtime_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace slipway::inference_service {
namespace {

const RuntimeFormat* find_format(const ServingRuntimeSpec& spec, std::string_view format) {
  const auto at = std::ranges::find(spec.formats, format, &RuntimeFormat::name);
  return at == spec.formats.end() ? nullptr : &*at;
}

bool supports_device(const ServingRuntimeSpec& spec, std::string_view device) {
  return std::ranges::find(spec.devices, device) != spec.devices.end();
}

std::string names_of(const std::vector<Runtime>& runtimes) {
  std::string names;
  for (const Runtime& runtime : runtimes) names += (names.empty() ? "" : ", ") + runtime.name;
  return names.empty() ? "there is none" : "there is: " + names;
}

std::variant<Runtime, RuntimeRefusal> named_runtime(const std::vector<Runtime>& runtimes,
                                                    std::string_view named, std::string_view format,
                                                    std::string_view device) {
  const auto at = std::ranges::find(runtimes, named, &Runtime::name);
  if (at == runtimes.end())
    return RuntimeRefusal{"UnknownRuntime",
                          fmt::format("spec.runtime: no ServingRuntime or ClusterServingRuntime "
                                      "\"{}\"; {}",
                                      named, names_of(runtimes))};
  if (!supports_device(at->spec, device))
    return RuntimeRefusal{"RuntimeUnsuitable",
                          fmt::format("spec.runtime: {} \"{}\" does not support the device {}",
                                      at->kind, named, device)};
  if (!format.empty() && !find_format(at->spec, format))
    return RuntimeRefusal{
        "RuntimeUnsuitable",
        fmt::format("spec.runtime: {} \"{}\" cannot load the format {}", at->kind, named, format)};
  return *at;
}

}  // namespace

std::vector<Runtime> runtimes_of(const Ptrs<ServingRuntime>& own,
                                 const Ptrs<ClusterServingRuntime>& cluster) {
  std::vector<Runtime> runtimes;
  for (const auto& runtime : own)
    runtimes.push_back({"ServingRuntime", runtime->metadata.name, runtime->spec});
  for (const auto& runtime : cluster)
    runtimes.push_back({"ClusterServingRuntime", runtime->metadata.name, runtime->spec});
  return runtimes;
}

std::variant<Runtime, RuntimeRefusal> choose_runtime(const std::vector<Runtime>& runtimes,
                                                     std::string_view named,
                                                     std::string_view format,
                                                     std::string_view device) {
  if (!named.empty()) return named_runtime(runtimes, named, format, device);
  if (format.empty())
    return RuntimeRefusal{"UnknownFormat",
                          "the model's format is not known from its name; set spec.format of its "
                          "ModelVersion, or spec.runtime"};
  const Runtime* best = nullptr;
  int best_priority = -1;
  for (const Runtime& runtime : runtimes) {
    const RuntimeFormat* supported = find_format(runtime.spec, format);
    if (runtime.spec.disabled || !supported || !supported->auto_select) continue;
    if (!supports_device(runtime.spec, device)) continue;
    if (supported->priority > best_priority) best = &runtime, best_priority = supported->priority;
  }
  if (best) return *best;
  return RuntimeRefusal{"NoRuntime", fmt::format("no runtime supports the format {} on the device "
                                                 "{}; {}",
                                                 format, device, names_of(runtimes))};
}

std::string format_of_uri(std::string_view uri) {
  const std::string_view path = uri.substr(0, uri.find_first_of("#?"));
  return path.ends_with(".gguf") ? "gguf" : "";
}

}  // namespace slipway::inference_service

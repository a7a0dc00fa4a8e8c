// Which runtime serves a model: the one that the user named, or the best that supports the
// format and the device.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reconcilers/snapshots.hpp"

namespace slipway::inference_service {

struct Runtime {
  std::string kind;  // ServingRuntime or ClusterServingRuntime
  std::string name;
  ServingRuntimeSpec spec;

  bool operator==(const Runtime&) const = default;
};

// Those of the namespace first; within each, by name.
std::vector<Runtime> runtimes_of(const Ptrs<ServingRuntime>& own,
                                 const Ptrs<ClusterServingRuntime>& cluster);

struct RuntimeRefusal {
  std::string reason;   // UnknownRuntime, RuntimeUnsuitable, NoRuntime
  std::string message;  // names what there is instead
};

// `named` is spec.runtime (may be empty), `format` the model's ("gguf"; empty: not known yet),
// `device` "cpu" or "nvidia".
std::variant<Runtime, RuntimeRefusal> choose_runtime(const std::vector<Runtime>& runtimes,
                                                     std::string_view named,
                                                     std::string_view format,
                                                     std::string_view device);

// The format that a source promises by its name ("gguf" for "…/tiny.gguf#sha256=…"); empty when
// the name says nothing.
std::string format_of_uri(std::string_view uri);

}  // namespace slipway::inference_service

// ServingRuntime (namespaced) and ClusterServingRuntime: how to run an engine. Both share a spec;
// neither has a status, because nothing acts on a runtime by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crds/types/fields.hpp"
#include "crds/types/object_meta.hpp"
#include "crds/types/references.hpp"

namespace slipway {

struct RuntimeFormat {
  std::string name;
  bool auto_select = true;
  int priority = 0;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &RuntimeFormat::name, "A model format.", attr::Required{},
          attr::Enum{"gguf|safetensors|onnx|tensorrt"});
    field("autoSelect", &RuntimeFormat::auto_select,
          "Whether a service that names no runtime may get this one. Absent means true.",
          attr::AlwaysEncode{});
    field("priority", &RuntimeFormat::priority,
          "Among runtimes that fit equally well, the highest number wins, then the name.",
          attr::OmitZero{}, attr::Minimum{0}, attr::Maximum{1000});
  }
  bool operator==(const RuntimeFormat&) const = default;
};

struct ServingRuntimeSpec {
  std::string engine, version, image, image_pull_policy;
  std::vector<LocalReference> image_pull_secrets;
  std::vector<std::string> command, args;
  std::vector<EnvVar> env;
  std::vector<RuntimeFormat> formats;
  std::vector<std::string> devices;
  std::optional<Resources> resources;
  std::string min_compute_capability;
  std::string shm;
  std::optional<int> port;
  std::optional<int> startup_seconds;
  std::optional<int> grace_seconds;
  bool disabled = false;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using S = ServingRuntimeSpec;
    field("engine", &S::engine, "The engine's dialect: flags, health, metrics, drain.",
          attr::Required{}, attr::Enum{"llama.cpp|vllm|sglang|tensorrt-llm|triton"});
    field("version", &S::version, "Version of the engine, for people.", attr::MaxLength{64});
    field("image", &S::image, "Image that holds the engine. A digest makes it reproducible.",
          attr::Required{}, attr::MinLength{1}, attr::MaxLength{512});
    field("imagePullPolicy", &S::image_pull_policy, "As in a pod. Absent means IfNotPresent.",
          attr::Enum{"Always|IfNotPresent|Never"});
    field("imagePullSecrets", &S::image_pull_secrets,
          "Secrets in the namespace of the service that can pull the image.", attr::MaxItems{8});
    field("command", &S::command,
          "The engine's binary and leading arguments; Slipway's agent starts it.", attr::Required{},
          attr::MinItems{1}, attr::MaxItems{64}, attr::ItemMaxLength{1024});
    field("args", &S::args, "Further arguments of the engine, before those of the service.",
          attr::MaxItems{128}, attr::ItemMaxLength{1024});
    field("env", &S::env, "Environment variables of the engine.", attr::MaxItems{64},
          attr::MapKey{"name"});
    field("formats", &S::formats, "Model formats that the engine can load.", attr::Required{},
          attr::MinItems{1}, attr::MaxItems{8}, attr::MapKey{"name"});
    field("devices", &S::devices, "What the image can compute on.", attr::Required{},
          attr::MinItems{1}, attr::MaxItems{4}, attr::SetList{}, attr::ItemEnum{"cpu|nvidia"});
    field("resources", &S::resources,
          "CPU and memory of one replica where the service does not say.");
    field("minComputeCapability", &S::min_compute_capability,
          "Oldest GPU generation that the image has machine code for, as `8.0`.",
          attr::MaxLength{8}, attr::Pattern{"^[0-9]{1,2}\\.[0-9]$"}, attr::NotAvailable{});
    field("shm", &S::shm, "Size of /dev/shm, for engines that share tensors between processes.",
          attr::IntOrString{}, kIsQuantity);
    field("port", &S::port, "TCP port of an engine that cannot listen on a Unix socket.",
          attr::Minimum{1}, attr::Maximum{65535}, attr::NotAvailable{});
    field("startupSeconds", &S::startup_seconds,
          "How long the engine may take from its start to its first token. Absent means 600.",
          attr::Minimum{1}, attr::Maximum{86400});
    field("graceSeconds", &S::grace_seconds,
          "How long streams may take to finish when a replica stops. Absent means 60.",
          attr::Minimum{10}, attr::Maximum{3600});
    field("disabled", &S::disabled,
          "Services that run on it keep running; no other service gets it.");
  }
  template <class Visitor>
  static void rules(Visitor&& rule) {
    rule(Rule{.rule = "self.engine == 'llama.cpp'",
              .message = "this engine is not available in this version",
              .field_path = ".engine",
              .message_expression = "'engine ' + self.engine + ' is not available in this version'",
              .forbidden = true});
  }
  bool operator==(const ServingRuntimeSpec&) const = default;
};

struct ServingRuntime {
  static constexpr const char* kKind = "ServingRuntime";
  static constexpr const char* kPlural = "servingruntimes";
  ObjectMeta metadata;
  ServingRuntimeSpec spec;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("metadata", &ServingRuntime::metadata);
    field("spec", &ServingRuntime::spec, "How to run the engine.", attr::Required{});
  }
  bool operator==(const ServingRuntime&) const = default;
};

struct ClusterServingRuntime {
  static constexpr const char* kKind = "ClusterServingRuntime";
  static constexpr const char* kPlural = "clusterservingruntimes";
  ObjectMeta metadata;
  ServingRuntimeSpec spec;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("metadata", &ClusterServingRuntime::metadata);
    field("spec", &ClusterServingRuntime::spec, "How to run the engine.", attr::Required{});
  }
  bool operator==(const ClusterServingRuntime&) const = default;
};

}  // namespace slipway

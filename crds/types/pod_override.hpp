// `spec.pod`: the narrow part of a pod that a service may say itself. A whole PodSpec would make
// the CRD megabytes large and would let a service undo what Slipway promises about its pods.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "crds/types/affinity.hpp"
#include "crds/types/fields.hpp"
#include "crds/types/references.hpp"

namespace slipway {

struct ClaimVolume {
  std::string claim_name;
  bool read_only = false;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("claimName", &ClaimVolume::claim_name, "Name of the PersistentVolumeClaim.",
          attr::Required{}, attr::MaxLength{253}, kObjectName);
    field("readOnly", &ClaimVolume::read_only, "Whether it is attached read-only.");
  }
  bool operator==(const ClaimVolume&) const = default;
};

struct SecretVolume {
  std::string secret_name;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("secretName", &SecretVolume::secret_name, "Name of the Secret.", attr::Required{},
          attr::MaxLength{253}, kObjectName);
  }
  bool operator==(const SecretVolume&) const = default;
};

struct EmptyDirVolume {
  std::string medium, size_limit;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("medium", &EmptyDirVolume::medium, "`Memory` for a tmpfs; absent for the node's disk.",
          attr::Enum{"Memory"});
    field("sizeLimit", &EmptyDirVolume::size_limit, "Most that it may hold.", attr::IntOrString{},
          kIsQuantity);
  }
  bool operator==(const EmptyDirVolume&) const = default;
};

// A volume and where the engine sees it.
struct PodVolume {
  std::string name, mount_path, sub_path;
  bool read_only = false;
  std::optional<ClaimVolume> persistent_volume_claim;
  std::optional<LocalReference> config_map;
  std::optional<SecretVolume> secret;
  std::optional<EmptyDirVolume> empty_dir;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("name", &PodVolume::name, "Name of the volume in the pod.", attr::Required{},
          attr::MaxLength{50}, attr::Pattern{"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"});
    field("mountPath", &PodVolume::mount_path, "Where the model's fetch and the engine see it.",
          attr::Required{}, attr::MaxLength{512}, attr::Pattern{"^/[^:]+$"});
    field("subPath", &PodVolume::sub_path, "The part of the volume that is mounted.",
          attr::MaxLength{512});
    field("readOnly", &PodVolume::read_only, "Whether it is mounted read-only.");
    field("persistentVolumeClaim", &PodVolume::persistent_volume_claim, "A claim.");
    field("configMap", &PodVolume::config_map, "A ConfigMap.");
    field("secret", &PodVolume::secret, "A Secret.");
    field("emptyDir", &PodVolume::empty_dir, "A directory that lives as long as the pod.");
  }
  template <class Visitor>
  static void rules(Visitor&& rule) {
    rule(
        Rule{"[has(self.persistentVolumeClaim), has(self.configMap), has(self.secret), "
             "has(self.emptyDir)].filter(x, x).size() == 1",
             "must have exactly one of persistentVolumeClaim, configMap, secret and emptyDir"});
    rule(Rule{.rule = "!self.name.startsWith('slipway-')",
              .message = "names that start with slipway- belong to Slipway",
              .field_path = ".name"});
    rule(Rule{.rule = "!['/models', '/slipway', '/run/slipway', '/source', '/tmp', '/dev', "
                      "'/proc', '/sys'].exists(p, self.mountPath == p || "
                      "self.mountPath.startsWith(p + '/'))",
              .message = "must not lie in /models, /slipway, /run/slipway, /source, /tmp, /dev, "
                         "/proc or /sys",
              .field_path = ".mountPath"});
  }
  bool operator==(const PodVolume&) const = default;
};

inline constexpr Rule kLabelKeys{.rule =
                                     "self.all(k, k.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?"
                                     "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",
                                 .message = "must have keys of the form name or prefix/name"};
inline constexpr attr::ItemPattern kLabelValue{"^$|^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"};

struct PodOverride {
  std::map<std::string, std::string> labels, annotations;
  std::vector<EnvVar> env;
  std::optional<Resources> resources;
  std::map<std::string, std::string> node_selector;
  std::optional<Affinity> affinity;
  std::vector<Toleration> tolerations;
  std::vector<TopologySpread> topology_spread;
  std::string service_account_name;
  std::vector<LocalReference> image_pull_secrets;
  std::string runtime_class_name, priority_class_name, shm;
  std::vector<PodVolume> volumes;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using P = PodOverride;
    field("labels", &P::labels, "Added to the pods.", attr::MaxProperties{32}, kLabelKeys,
          kLabelValue, attr::ItemMaxLength{63},
          Rule{"self.all(k, !k.startsWith('serving.slipway.dev/') && "
               "!(k in ['app.kubernetes.io/name', 'app.kubernetes.io/instance', "
               "'app.kubernetes.io/component', 'app.kubernetes.io/managed-by']))",
               "labels of serving.slipway.dev/ and the name, instance, component and managed-by "
               "of app.kubernetes.io/ belong to Slipway"});
    field("annotations", &P::annotations, "Added to the pods.", attr::MaxProperties{32}, kLabelKeys,
          Rule{"self.all(k, !k.startsWith('serving.slipway.dev/'))",
               "annotations of serving.slipway.dev/ belong to Slipway"});
    field("env", &P::env, "Added to the engine's environment.", attr::MaxItems{64},
          attr::MapKey{"name"});
    field("resources", &P::resources,
          "CPU, memory and others of one replica. GPUs are asked for in `spec.gpu`.",
          Rule{"(!has(self.requests) || !self.requests.exists(k, k.startsWith('nvidia.com/'))) && "
               "(!has(self.limits) || !self.limits.exists(k, k.startsWith('nvidia.com/')))",
               "ask for GPUs in spec.gpu, not here"});
    field("nodeSelector", &P::node_selector, "Labels that a node must have.",
          attr::MaxProperties{16}, kLabelKeys, kLabelValue, attr::ItemMaxLength{63});
    field("affinity", &P::affinity, "As in a pod.");
    field("tolerations", &P::tolerations, "As in a pod.", attr::MaxItems{16});
    field("topologySpread", &P::topology_spread,
          "Where replicas go. Absent: spread over nodes as far as possible.", attr::MaxItems{4},
          attr::MapKey{"topologyKey"});
    field("serviceAccountName", &P::service_account_name, "Account of the pods.",
          attr::MaxLength{253}, kObjectName);
    field("imagePullSecrets", &P::image_pull_secrets, "Secrets that can pull the images.",
          attr::MaxItems{8});
    field("runtimeClassName", &P::runtime_class_name, "As in a pod.", attr::MaxLength{253},
          kObjectName);
    field("priorityClassName", &P::priority_class_name, "As in a pod.", attr::MaxLength{253},
          kObjectName);
    field("shm", &P::shm, "Size of /dev/shm.", attr::IntOrString{}, kIsQuantity);
    field("volumes", &P::volumes, "Further volumes.", attr::MaxItems{16}, attr::MapKey{"name"},
          Rule{"self.all(v, self.exists_one(w, w.mountPath == v.mountPath))",
               "two volumes cannot have the same mountPath"});
  }
  bool operator==(const PodOverride&) const = default;
};

}  // namespace slipway

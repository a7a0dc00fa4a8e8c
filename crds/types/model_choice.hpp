// `spec.model`: which model an InferenceService serves, and where its bytes come from.
#pragma once

#include <optional>
#include <string>

#include "crds/types/fields.hpp"
#include "crds/types/model_uri.hpp"
#include "crds/types/references.hpp"

namespace slipway {

struct ModelTrack {
  std::string model, stage;

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("model", &ModelTrack::model, "The model to follow.", attr::Required{},
          attr::MaxLength{253});
    field("stage", &ModelTrack::stage, "The stage that a version must have reached.",
          attr::Enum{"candidate|approved"});
  }
  bool operator==(const ModelTrack&) const = default;
};

// Exactly one of `version`, `uri` and `track`.
struct ModelChoice {
  std::string version, uri;
  std::optional<LocalReference> secret_ref, ca_ref;  // of `uri`
  std::optional<ModelTrack> track;

  template <class Visitor>
  static void fields(Visitor&& field) {
    using M = ModelChoice;
    field("version", &M::version, "A ModelVersion of this namespace.", attr::MaxLength{253},
          kObjectName);
    field("uri", &M::uri,
          "Where the bytes are: `https://host/file#sha256=<hex>`, `pvc://claim/path` or "
          "`file:///path` (a path in the pod). Slipway makes a ModelVersion for it.",
          attr::MaxLength{kMaxUri}, kUriScheme, kUriWellFormed, kUriNoDots,
          Rule{"!self.startsWith('https://') || self.contains('#sha256=')",
               "an https URI needs #sha256=<64 hex digits> at its end"});
    field("secretRef", &M::secret_ref, "Secret with the credentials of `uri`.");
    field("caRef", &M::ca_ref,
          "ConfigMap whose key `ca.crt` holds the certificate authority of `uri`.");
    field("track", &M::track, "The newest version of a model that has reached a stage.",
          attr::NotAvailable{});
  }
  template <class Visitor>
  static void rules(Visitor&& rule) {
    rule(
        Rule{"[has(self.version) && self.version != '', has(self.uri) && self.uri != '', "
             "has(self.track)].filter(x, x).size() == 1",
             "must have exactly one of version, uri and track"});
    rule(
        Rule{"!has(self.version) || self.version == '' || "
             "!((has(self.secretRef) && has(self.secretRef.name) && self.secretRef.name != '') || "
             "(has(self.caRef) && has(self.caRef.name) && self.caRef.name != ''))",
             "secretRef and caRef belong to uri; a ModelVersion has its own"});
  }
  bool operator==(const ModelChoice&) const = default;
};

}  // namespace slipway

// What a model URI may look like, as rules that the API server checks.
#pragma once

#include "crds/types/fields.hpp"

namespace slipway {

inline constexpr int kMaxUri = 2048;

inline constexpr Rule kUriScheme{
    .rule =
        "self.startsWith('https://') || self.startsWith('pvc://') || "
        "self.startsWith('file://') || !self.matches('^(hf|s3|oci|mlflow|model-registry)://')",
    .message = "this scheme is not available in this version; use https://, pvc:// or file://",
    .message_expression =
        "self.split('://')[0] + ':// is not available in this version; "
        "use https://, pvc:// or file://'",
    .forbidden = true};

inline constexpr Rule kUriWellFormed{
    .rule =
        "self.matches('^(|https://[^/?#@\\\\s]+/[^#\\\\s]*(#sha256=[0-9a-f]{64})?"
        "|pvc://[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[^#?\\\\s]+"
        "|file:///[^#?\\\\s]+"
        "|(hf|s3|oci|mlflow|model-registry)://.*)$')",
    .message =
        "must be https://host/file#sha256=<64 hex digits>, pvc://claim/path or file:///path"};

inline constexpr Rule kUriNoDots{.rule = "!self.matches('/\\\\.\\\\.?(/|#|$)')",
                                 .message = "must not contain . or .. as a part of its path"};

}  // namespace slipway

// Names of everything that Slipway makes: deterministic, so that a lost answer or a stale cache
// can never lead to a second copy, and valid for every kind they are used for.
#pragma once

#include <string>
#include <string_view>

namespace slipway {

// Labels and annotations of our own.
inline constexpr const char* kServiceLabel = "serving.slipway.dev/service";
inline constexpr const char* kRevisionLabel = "serving.slipway.dev/revision";
inline constexpr const char* kManagedByLabel = "app.kubernetes.io/managed-by";
// On a Deployment and its pods: the ModelVersion that they serve.
inline constexpr const char* kModelAnnotation = "serving.slipway.dev/model";
// On a Deployment: what its revision was rendered from (see inference_service/revision.hpp).
inline constexpr const char* kPinnedAnnotation = "serving.slipway.dev/pinned";
// On a Deployment: who sets spec.replicas, "slipway" or "hpa".
inline constexpr const char* kScaledByAnnotation = "serving.slipway.dev/scaled-by";

// A Service name and a label value have at most 63 characters (RFC 1123).
inline constexpr std::size_t kMaxNameLength = 63;

// `length` characters of a hash of `text`, from an alphabet without vowels (no words) that is
// valid at the start of a DNS label. REQUIRES: length <= 12.
std::string short_hash(std::string_view text, std::size_t length = 8);

// "<base>-<suffix>", at most 63 characters: a base that is too long is cut and gets a hash of the
// whole of it, so that two long names with one beginning stay apart. So does a long suffix, which
// can be a label that anybody wrote.
std::string child_name(std::string_view base, std::string_view suffix);

// `name` as a label value or Service name: itself when it fits, otherwise cut with a hash.
std::string bounded_name(std::string_view name);

}  // namespace slipway

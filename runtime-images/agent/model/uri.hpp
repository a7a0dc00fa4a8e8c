// Where a model comes from, parsed and checked: pure, no I/O.
#pragma once

#include <string>
#include <string_view>

#include "runtime-images/agent/report.hpp"

namespace slipway::agent {

enum class Scheme { Https, Pvc, File };

struct ModelUri {
  Scheme scheme = Scheme::Https;
  std::string host;    // https: a name, an IPv4 address, or an IPv6 address without brackets
  std::string port;    // https: "443" when not given
  std::string target;  // https: path and query as sent, begins with '/'
  std::string path;    // pvc: below the claim's root; file: absolute
  std::string digest;  // "sha256:<hex>" from a #sha256= fragment, or empty

  // Name of the file, for people: the last part of the path.
  std::string file_name() const;
  bool same_origin(const ModelUri& other) const;
};

Outcome<ModelUri> parse_model_uri(std::string_view uri);

// "sha256:" and 64 lower-case hex digits; upper case is lowered.
Outcome<std::string> parse_digest(std::string_view digest);

// Where a redirect from `base` leads: `location` may be absolute or relative. https only.
Outcome<ModelUri> resolve_redirect(const ModelUri& base, std::string_view location);

// A URI as it may be printed: without its query, which may carry a signature.
std::string printable(std::string_view uri);

}  // namespace slipway::agent

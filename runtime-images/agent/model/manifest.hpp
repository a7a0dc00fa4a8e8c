// /models/manifest.json: what `fetch` verified, and what `run` holds the model file against.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime-images/agent/report.hpp"

namespace slipway::agent {

inline constexpr const char* kModelFile = "model.gguf";
inline constexpr const char* kManifestFile = "manifest.json";

struct Manifest {
  std::string source;  // printable URI
  std::string digest;  // "sha256:<hex>"
  std::int64_t size_bytes = 0;
  std::string format;
  std::string architecture;
  std::int64_t parameters = 0;
  std::int64_t context_length = 0;
  std::string verified_at;  // RFC 3339

  bool operator==(const Manifest&) const = default;
};

std::string to_json(const Manifest& manifest);
Outcome<Manifest> parse_manifest(std::string_view text);

// Reads DIR/manifest.json and holds DIR/model.gguf against it: there, readable, of that size.
Outcome<Manifest> load_verified(const std::string& dir);
// Writes DIR/manifest.json, whole or not at all.
Outcome<> store(const std::string& dir, const Manifest& manifest);

}  // namespace slipway::agent

// The one JSON object that `slipway-agent` leaves in /dev/termination-log (at most 4096 bytes) and
// that the reconcilers read from the pod's status: what was verified, or why it failed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "crds/types/fields.hpp"

namespace slipway {

struct AgentReport {
  // `Verified`, or the cause: DigestMismatch, NotFound, Unauthorized, Unreachable, TlsUntrusted,
  // Truncated, FormatRejected, UnsupportedScheme, DiskFull, Internal (fetch); EngineExited,
  // EngineNotReady, ModelMismatch, AcceleratorUnavailable (run).
  std::string reason;
  std::string message;  // a sentence with numbers
  std::string digest;   // "sha256:<hex>" of what was verified
  std::optional<std::int64_t> size_bytes, files;
  std::string format, architecture;
  std::optional<std::int64_t> parameters, context_length;
  std::string file, expected, actual;  // of the file that failed
  std::optional<std::int64_t> exit_code;
  std::string last_line;  // of the engine's standard error

  template <class Visitor>
  static void fields(Visitor&& field) {
    field("reason", &AgentReport::reason, attr::AlwaysEncode{});
    field("message", &AgentReport::message);
    field("digest", &AgentReport::digest);
    field("sizeBytes", &AgentReport::size_bytes);
    field("files", &AgentReport::files);
    field("format", &AgentReport::format);
    field("architecture", &AgentReport::architecture);
    field("parameters", &AgentReport::parameters);
    field("contextLength", &AgentReport::context_length);
    field("file", &AgentReport::file);
    field("expected", &AgentReport::expected);
    field("actual", &AgentReport::actual);
    field("exitCode", &AgentReport::exit_code);
    field("lastLine", &AgentReport::last_line);
  }
  bool operator==(const AgentReport&) const = default;
};

}  // namespace slipway

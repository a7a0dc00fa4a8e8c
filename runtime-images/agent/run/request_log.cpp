#include "runtime-images/agent/run/request_log.hpp"

#include <cmath>

#include "crds/base/json.hpp"

namespace slipway::agent {
namespace {

double milliseconds(double seconds) {
  return std::round(seconds * 1e5) / 100;
}

}  // namespace

// The GenAI names are OpenTelemetry's semantic conventions.
std::string to_line(const RequestRecord& record) {
  Json line{{"time", to_rfc3339_micro(record.at)},
            {"event", "request"},
            {"id", record.id},
            {"client", record.client},
            {"method", record.method},
            {"path", record.path},
            {"status", record.status},
            {"outcome", record.outcome},
            {"stream", record.stream},
            {"durationMilliseconds", milliseconds(record.seconds)}};
  if (record.first_byte_seconds >= 0)
    line["firstByteMilliseconds"] = milliseconds(record.first_byte_seconds);
  line["bytesIn"] = record.bytes_in;
  line["bytesOut"] = record.bytes_out;
  if (!record.model.empty()) line["gen_ai.request.model"] = record.model;
  if (record.tokens.input) line["gen_ai.usage.input_tokens"] = *record.tokens.input;
  if (record.tokens.output) line["gen_ai.usage.output_tokens"] = *record.tokens.output;
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace slipway::agent

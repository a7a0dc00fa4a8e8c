#include "gateway/telemetry/request_record.hpp"

#include <fmt/format.h>

#include <iterator>

#include "crds/base/utf8.hpp"

namespace slipway::gateway {
namespace {

void append_text(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, value);
}

template <class Number>
void append_number(std::string& out, std::string_view name, Number value) {
  out += ",\"";
  out += name;
  out += "\":";
  const fmt::format_int digits(value);
  out.append(digits.data(), digits.size());
}

bool is_plain(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\') return false;
  }
  return true;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  if (is_plain(text)) {
    out += text;
    out += '"';
    return;
  }
  for (const char c : readable(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_log_line(std::string& out, const RequestRecord& record) {
  out += "{\"time\":\"";
  out += to_rfc3339_micro(record.started);
  out += '"';
  append_text(out, "slipway.request_id", record.id);
  append_text(out, "client.address", record.client);
  append_text(out, "http.request.method", record.method);
  append_text(out, "url.path", record.path);
  append_number(out, "http.response.status_code", record.status);
  append_text(out, "slipway.tenant", record.tenant);
  append_text(out, "gen_ai.request.model", record.model);
  append_text(out, "slipway.revision", record.revision);
  append_text(out, "server.address", record.endpoint);
  append_number(out, "http.request.body.size", record.bytes_in);
  append_number(out, "http.response.body.size", record.bytes_out);
  append_number(out, "duration_ms", static_cast<std::int64_t>(record.seconds * 1000));
  if (record.first_byte >= 0)
    append_number(out, "first_byte_ms", static_cast<std::int64_t>(record.first_byte * 1000));
  if (record.prompt_tokens + record.answer_tokens > 0) {
    append_number(out, "gen_ai.usage.input_tokens", record.prompt_tokens);
    append_number(out, "gen_ai.usage.output_tokens", record.answer_tokens);
    if (record.estimated) out += ",\"slipway.usage_estimated\":true";
  }
  if (record.attempts > 1) append_number(out, "slipway.attempts", record.attempts);
  if (record.truncated) out += ",\"slipway.truncated\":true";
  append_text(out, "error.type", record.error);
  out += "}\n";
}

}  // namespace slipway::gateway

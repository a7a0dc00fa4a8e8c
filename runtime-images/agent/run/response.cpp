#include "runtime-images/agent/run/response.hpp"

#include <fmt/format.h>

#include "crds/base/json.hpp"

namespace slipway::agent {
namespace {

constexpr int kRetryAfterSeconds = 1;  // another pod answers, as soon as the balancer knows

std::string render(int status, std::string_view type, std::string_view body,
                   const Envelope& envelope, std::string_view more) {
  std::string text = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: {}\r\n{}", status,
      http::reason_phrase(status), type, body.size(), envelope.keep_alive ? "keep-alive" : "close",
      more);
  if (!envelope.request_id.empty())
    text += fmt::format("X-Request-Id: {}\r\n", envelope.request_id);
  return text.append("\r\n").append(body);
}

Json probe_json(const Lifecycle& lifecycle) {
  Json page{{"state", to_string(lifecycle.state())}};
  if (const auto& failure = lifecycle.failure()) {
    page["reason"] = failure->reason;
    page["message"] = failure->message;
  }
  return page;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string render_json(int status, std::string_view body, const Envelope& envelope) {
  return render(status, "application/json", body, envelope, "");
}

std::string render_text(int status, std::string_view type, std::string_view body,
                        const Envelope& envelope) {
  return render(status, type, body, envelope, "");
}

std::string render_error(const http::ApiError& error, const Envelope& envelope) {
  const bool later = error.status == 503 || error.status == 502;
  return render(error.status, "application/json", http::to_json(error), envelope,
                later ? fmt::format("Retry-After: {}\r\n", kRetryAfterSeconds) : "");
}

http::ApiError unavailable(const Lifecycle& lifecycle) {
  const auto& failure = lifecycle.failure();
  return {503, "server_error", lifecycle.started() ? "pod_stopping" : "model_loading", "",
          failure ? fmt::format("the model is not served: {}", failure->message)
                  : fmt::format("the model is not served now: {}", to_string(lifecycle.state()))};
}

std::string probe_page(const Lifecycle& lifecycle) {
  return dump(probe_json(lifecycle));
}

std::string status_page(const Front& front) {
  Json page = probe_json(front.lifecycle);
  page["names"] = front.names;
  page["digest"] = front.digest;
  page["requestsRunning"] = front.metrics.running;
  page["streamsCut"] = front.metrics.streams_cut;
  page["loadSeconds"] = front.metrics.load_seconds;
  return dump(page);
}

}  // namespace slipway::agent

#include "runtime-images/agent/run/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace slipway::agent {
namespace {

void head(std::string& page, std::string_view name, std::string_view help, std::string_view type) {
  page += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

template <class Value>
void single(std::string& page, std::string_view name, std::string_view help, std::string_view type,
            Value value) {
  head(page, name, help, type);
  page += fmt::format("{} {}\n", name, value);
}

// The value of a metric without labels on an engine's page.
std::optional<double> find(std::string_view page, std::string_view name) {
  std::size_t at = 0;
  while ((at = page.find(name, at)) != std::string_view::npos) {
    const std::size_t after = at + name.size();
    if ((at == 0 || page[at - 1] == '\n') && after < page.size() && page[after] == ' ') {
      double value = 0;
      const auto [end, error] =
          std::from_chars(page.data() + after + 1, page.data() + page.size(), value);
      if (error == std::errc()) return value;
    }
    at = after;
  }
  return std::nullopt;
}

}  // namespace

void Histogram::observe(double seconds) {
  const auto bound = std::ranges::lower_bound(kBounds, seconds);
  ++counts_[static_cast<std::size_t>(bound - kBounds.begin())];
  sum_ += seconds;
}

void Histogram::render(std::string& page, std::string_view name, std::string_view help) const {
  head(page, name, help, "histogram");
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    total += counts_[i];
    page += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, kBounds[i], total);
  }
  total += counts_.back();
  page +=
      fmt::format("{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n", name, total, sum_);
}

void Metrics::count_tokens(const http::TokenCounts& counts) {
  tokens_in += counts.input.value_or(0);
  tokens_out += counts.output.value_or(0);
}

std::string render(const Metrics& metrics, State state, std::string_view engine_page) {
  std::string page;
  head(page, "slipway_requests_total", "Requests to the model, by status.", "counter");
  for (const auto& [code, count] : metrics.requests)
    page += fmt::format("slipway_requests_total{{code=\"{}\"}} {}\n", code, count);
  single(page, "slipway_requests_running", "Requests being answered.", "gauge", metrics.running);
  if (const auto waiting = find(engine_page, "llamacpp:requests_deferred"))
    single(page, "slipway_requests_waiting", "Requests that wait for a slot of the engine.",
           "gauge", *waiting);
  metrics.duration.render(page, "slipway_request_duration_seconds", "Request to last byte.");
  metrics.first_byte.render(page, "slipway_time_to_first_byte_seconds",
                            "Request to the first byte of the answer's body.");
  metrics.first_token.render(page, "slipway_time_to_first_token_seconds",
                             "Request to the first event of a stream.");
  single(page, "slipway_tokens_in_total", "Prompt tokens, where the answer says.", "counter",
         metrics.tokens_in);
  single(page, "slipway_tokens_out_total", "Generated tokens, where the answer says.", "counter",
         metrics.tokens_out);
  single(page, "slipway_streams_cut_total", "Answers ended by the end of the grace period.",
         "counter", metrics.streams_cut);
  single(page, "slipway_model_load_seconds", "Start of the engine to Ready.", "gauge",
         metrics.load_seconds);
  head(page, "slipway_state", "1 for the state the pod is in.", "gauge");
  page += fmt::format("slipway_state{{state=\"{}\"}} 1\n", to_string(state));
  page += engine_page;
  return page;
}

}  // namespace slipway::agent

#include "gateway/telemetry/counters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace slipway::gateway {
namespace {

std::size_t class_of(int status) {
  return static_cast<std::size_t>(std::clamp(status / 100, 0, 5));
}

template <std::size_t kSize>
void add_all(std::array<std::uint64_t, kSize>& to, const std::array<std::uint64_t, kSize>& from) {
  for (std::size_t i = 0; i < kSize; ++i) to[i] += from[i];
}

class Page {
 public:
  void head(const char* name, const char* type, const char* help) {
    put("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <class... Values>
  void put(fmt::format_string<Values...> form, Values&&... values) {
    fmt::format_to(std::back_inserter(text_), form, std::forward<Values>(values)...);
  }
  void histogram(const char* name, const std::string& labels, const Histogram& values) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < values.counts.size(); ++i) {
      below += values.counts[i];
      const std::string bound =
          i < kLatencyBounds.size() ? fmt::format("{}", kLatencyBounds[i]) : "+Inf";
      put("{}_bucket{{{},le=\"{}\"}} {}\n", name, labels, bound, below);
    }
    put("{}_sum{{{}}} {}\n{}_count{{{}}} {}\n", name, labels, values.sum, name, labels, below);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string labels_of(const std::pair<std::string, std::string>& key) {
  return fmt::format("model=\"{}\",revision=\"{}\"", key.first, key.second);
}

}  // namespace

void Histogram::add(double seconds) {
  const auto at = std::ranges::lower_bound(kLatencyBounds, seconds) - kLatencyBounds.begin();
  ++counts[static_cast<std::size_t>(at)];
  sum += seconds;
}

void Histogram::add(const Histogram& other) {
  add_all(counts, other.counts);
  sum += other.sum;
}

void RevisionCounters::add(const RequestRecord& record) {
  ++by_class[class_of(record.status)];
  truncated += record.truncated ? 1 : 0;
  prompt_tokens += record.prompt_tokens;
  answer_tokens += record.answer_tokens;
  if (record.first_byte >= 0) first_byte.add(record.first_byte);
  duration.add(record.seconds);
}

void RevisionCounters::add(const RevisionCounters& other) {
  add_all(by_class, other.by_class);
  truncated += other.truncated;
  prompt_tokens += other.prompt_tokens;
  answer_tokens += other.answer_tokens;
  first_byte.add(other.first_byte);
  duration.add(other.duration);
}

void GatewayCounters::add(const GatewayCounters& other) {
  for (const auto& [key, counters] : other.revisions) revisions[key].add(counters);
  add_all(refused_by_class, other.refused_by_class);
  accepted += other.accepted;
  retries += other.retries;
  connections += other.connections;
  in_flight += other.in_flight;
}

std::string to_prometheus(const GatewayCounters& counters, std::uint64_t dropped_log_lines) {
  Page page;
  page.head("slipway_gateway_requests_total", "counter", "Requests that an engine was asked.");
  for (const auto& [key, of] : counters.revisions)
    for (std::size_t i = 0; i < of.by_class.size(); ++i)
      if (of.by_class[i] > 0)
        page.put("slipway_gateway_requests_total{{{},code=\"{}\"}} {}\n", labels_of(key),
                 i == 0 ? "gone" : fmt::format("{}xx", i), of.by_class[i]);
  page.head("slipway_gateway_truncated_total", "counter", "Answers begun and not finished.");
  for (const auto& [key, of] : counters.revisions)
    page.put("slipway_gateway_truncated_total{{{}}} {}\n", labels_of(key), of.truncated);
  page.head("slipway_gateway_tokens_total", "counter", "Tokens, as they were paid for.");
  for (const auto& [key, of] : counters.revisions) {
    page.put("slipway_gateway_tokens_total{{{},type=\"input\"}} {}\n", labels_of(key),
             of.prompt_tokens);
    page.put("slipway_gateway_tokens_total{{{},type=\"output\"}} {}\n", labels_of(key),
             of.answer_tokens);
  }
  page.head("slipway_gateway_first_byte_seconds", "histogram",
            "From a request to the first byte of its answer.");
  for (const auto& [key, of] : counters.revisions)
    page.histogram("slipway_gateway_first_byte_seconds", labels_of(key), of.first_byte);
  page.head("slipway_gateway_request_seconds", "histogram", "From a request to its end.");
  for (const auto& [key, of] : counters.revisions)
    page.histogram("slipway_gateway_request_seconds", labels_of(key), of.duration);
  page.head("slipway_gateway_refused_total", "counter", "Requests answered without an engine.");
  for (std::size_t i = 0; i < counters.refused_by_class.size(); ++i)
    if (counters.refused_by_class[i] > 0)
      page.put("slipway_gateway_refused_total{{code=\"{}xx\"}} {}\n", i,
               counters.refused_by_class[i]);
  page.head("slipway_gateway_connections_accepted_total", "counter", "Connections of clients.");
  page.put("slipway_gateway_connections_accepted_total {}\n", counters.accepted);
  page.head("slipway_gateway_retries_total", "counter", "Requests sent to a further endpoint.");
  page.put("slipway_gateway_retries_total {}\n", counters.retries);
  page.head("slipway_gateway_connections", "gauge", "Connections of clients that are open.");
  page.put("slipway_gateway_connections {}\n", counters.connections);
  page.head("slipway_gateway_in_flight", "gauge", "Requests that engines are working on.");
  page.put("slipway_gateway_in_flight {}\n", counters.in_flight);
  page.head("slipway_gateway_dropped_log_lines_total", "counter", "Log lines nobody took in time.");
  page.put("slipway_gateway_dropped_log_lines_total {}\n", dropped_log_lines);
  return page.take();
}

}  // namespace slipway::gateway

#include "controller/observe/metrics.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <sstream>

namespace slipway {
namespace {

std::string written(const Labels& labels) {
  if (labels.empty()) return "";
  std::string text = "{";
  for (const auto& [name, value] : labels) {
    if (text.size() > 1) text += ',';
    text.append(name).append("=\"");
    for (const char c : value) {
      if (c == '\\' || c == '"') text += '\\';
      if (c == '\n') {
        text += "\\n";
      } else {
        text += c;
      }
    }
    text += '"';
  }
  return text + "}";
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  fmt::format_to(std::back_inserter(text_), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

void MetricsText::sample(std::string_view name, const Labels& labels, double value) {
  sample(name, written(labels), value);
}

void MetricsText::sample(std::string_view name, std::string_view labels, double value) {
  fmt::format_to(std::back_inserter(text_), "{}{} {}\n", name, labels, value);
}

void Counter::add(const Labels& labels, double by) {
  const std::string key = written(labels);
  values_.with([&](auto& values) { values[key] += by; });
}

void Counter::write(MetricsText& text) const {
  text.family(name_, "counter", help_);
  for (const auto& [labels, value] : values_.with([](const auto& values) { return values; })) {
    text.sample(name_, labels, value);
  }
}

void Gauge::write(MetricsText& text) const {
  text.family(name_, "gauge", help_);
  text.sample(name_, "", value_);
}

void Histogram::observe(double seconds) {
  std::size_t bucket = 0;
  for (double bound = 0.001; bucket < kBuckets && seconds > bound; bound *= 2) ++bucket;
  counts_.with([&](Counts& counts) {
    ++counts.in[bucket];
    counts.sum += seconds;
  });
}

void Histogram::write(MetricsText& text) const {
  const Counts counts = counts_.with([](const Counts& now) { return now; });
  text.family(name_, "histogram", help_);
  const std::string name = name_;
  std::uint64_t below = 0;
  double bound = 0.001;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket, bound *= 2) {
    below += counts.in[bucket];
    text.sample(name + "_bucket", fmt::format("{{le=\"{}\"}}", bound), static_cast<double>(below));
  }
  below += counts.in[kBuckets];
  text.sample(name + "_bucket", "{le=\"+Inf\"}", static_cast<double>(below));
  text.sample(name + "_sum", "", counts.sum);
  text.sample(name + "_count", "", static_cast<double>(below));
}

// proc(5): statm counts pages; stat's fields 14 and 15 (user and system time) and 22 (start) count
// clock ticks. Fields are counted after the command name, which may itself hold spaces.
void write_process(MetricsText& text) {
  std::ifstream statm("/proc/self/statm");
  double pages = 0, resident = 0;
  if (statm >> pages >> resident) {
    text.family("process_resident_memory_bytes", "gauge", "Resident memory.");
    text.sample("process_resident_memory_bytes", "",
                resident * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  std::ifstream stat("/proc/self/stat");
  std::string line;
  std::getline(stat, line);
  std::istringstream rest(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  if (fields.size() > 12) {
    const double ticks = std::stod(fields[11]) + std::stod(fields[12]);
    text.family("process_cpu_seconds_total", "counter", "User and system CPU time.");
    text.sample("process_cpu_seconds_total", "", ticks / static_cast<double>(sysconf(_SC_CLK_TCK)));
  }
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (!error) {
    text.family("process_open_fds", "gauge", "Open file descriptors.");
    text.sample("process_open_fds", "",
                static_cast<double>(std::distance(begin(files), end(files))));
  }
}

}  // namespace slipway

// Numbers for Prometheus in its text format (version 0.0.4). Counters and histograms are kept
// here, and gauges that somebody reports; others are written when somebody asks. Everything is
// thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controller/cache/guarded.hpp"

namespace slipway {

using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

// Writes families one after the other; the samples of one follow its `family`.
class MetricsText {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(std::string_view name, const Labels& labels, double value);
  // A sample whose labels are already written: `{a="b"}` or empty.
  void sample(std::string_view name, std::string_view labels, double value);
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

class Counter {
 public:
  Counter(const char* name, const char* help) : name_(name), help_(help) {}
  void add(const Labels& labels, double by = 1);
  void write(MetricsText& text) const;

 private:
  const char* const name_;
  const char* const help_;
  Guarded<std::map<std::string, double>> values_;  // by written labels
};

class Gauge {
 public:
  Gauge(const char* name, const char* help) : name_(name), help_(help) {}
  void set(double value) { value_ = value; }
  void write(MetricsText& text) const;

 private:
  const char* const name_;
  const char* const help_;
  std::atomic<double> value_ = 0;
};

// Of durations, in seconds: from 1 ms, doubled up to 32 s.
class Histogram {
 public:
  Histogram(const char* name, const char* help) : name_(name), help_(help) {}
  void observe(double seconds);
  void write(MetricsText& text) const;

 private:
  static constexpr std::size_t kBuckets = 16;
  struct Counts {
    std::array<std::uint64_t, kBuckets + 1> in{};  // the last one has no upper bound
    double sum = 0;
  };
  const char* const name_;
  const char* const help_;
  Guarded<Counts> counts_;
};

// Memory, CPU time, open files and start time of this process, under Prometheus' usual names.
void write_process(MetricsText& text);

}  // namespace slipway

#include "controller/observe/metrics.hpp"

#include <gtest/gtest.h>

#include <string>

#include "controller/observe/metered_api.hpp"
#include "controller/runtime/fake_api.hpp"

namespace slipway {
namespace {

TEST(Gauge, WritesWhatWasSetLast) {
  Gauge gauge("slipway_things", "Things.");
  gauge.set(8);
  gauge.set(4);
  MetricsText text;
  gauge.write(text);
  EXPECT_EQ(text.take(),
            "# HELP slipway_things Things.\n# TYPE slipway_things gauge\nslipway_things 4\n");
}

TEST(Counter, WritesEachSetOfLabelsOnce_Escaped) {
  Counter counter("slipway_things_total", "Things.");
  counter.add({{"kind", "a"}});
  counter.add({{"kind", "a"}}, 2);
  counter.add({{"kind", "say \"b\"\n\\"}, {"code", "OK"}});
  MetricsText text;
  counter.write(text);
  EXPECT_EQ(text.take(),
            "# HELP slipway_things_total Things.\n"
            "# TYPE slipway_things_total counter\n"
            "slipway_things_total{kind=\"a\"} 3\n"
            "slipway_things_total{kind=\"say \\\"b\\\"\\n\\\\\",code=\"OK\"} 1\n");
}

TEST(Histogram, CountsCumulatively) {
  Histogram histogram("slipway_time_seconds", "Time.");
  histogram.observe(0.0005);
  histogram.observe(0.001);
  histogram.observe(0.003);
  histogram.observe(1000);
  MetricsText out;
  histogram.write(out);
  const std::string text = out.take();
  const auto has = [&](const char* line) { return text.find(line) != std::string::npos; };
  EXPECT_TRUE(has("slipway_time_seconds_bucket{le=\"0.001\"} 2\n")) << text;
  EXPECT_TRUE(has("slipway_time_seconds_bucket{le=\"0.004\"} 3\n")) << text;
  EXPECT_TRUE(has("slipway_time_seconds_bucket{le=\"32.768\"} 3\n")) << text;
  EXPECT_TRUE(has("slipway_time_seconds_bucket{le=\"+Inf\"} 4\n")) << text;
  EXPECT_TRUE(has("slipway_time_seconds_count 4\n")) << text;
}

TEST(Process, TellsItsMemoryAndTime) {
  MetricsText out;
  write_process(out);
  const std::string text = out.take();
  const auto value = [&](const std::string& name) {
    const auto at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  };
  EXPECT_GT(value("process_resident_memory_bytes"), 1e6);
  EXPECT_GE(value("process_cpu_seconds_total"), 0);
  EXPECT_GT(value("process_open_fds"), 2);
}

TEST(MeteredApi, CountsByVerbResourceAndOutcome) {
  FakeApi fake;
  Counter requests("r_total", "R.");
  MeteredApi api(fake, requests);
  const kube::Resource& services = *kube::find_resource("v1", "Service");
  fake.refusals.push_back({Fault::Forbidden, "no", {}});
  EXPECT_FALSE(api.apply({services, "ns", "a", Json{{"metadata", Json::object()}}}));
  EXPECT_TRUE(api.apply({services, "ns", "a", Json{{"metadata", Json::object()}}}));
  EXPECT_TRUE(api.remove({services, "ns", "a", "u"}));
  MetricsText out;
  requests.write(out);
  const std::string text = out.take();
  EXPECT_NE(text.find(R"(r_total{verb="apply",resource="services",code="OK"} 1)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(r_total{verb="delete",resource="services",code="OK"} 1)"),
            std::string::npos)
      << text;
  EXPECT_EQ(fake.calls.size(), 3u);
}

}  // namespace
}  // namespace slipway
